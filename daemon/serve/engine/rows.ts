import { MASKED } from '../../models/attention.ts';
import type { ModelConfig } from '../../models/model.ts';
import type { Feeds, PlainTensor } from '../../runtime/executor.ts';
import { BLOCK, SETTLED } from './attention.ts';

export type CacheShape = Pick<ModelConfig, 'layers' | 'kvHeads' | 'headDim'>;

/** Keys and values of one whole block of one row, for all layers: keys [layers, kvHeads, headDim, BLOCK], values [layers, kvHeads, BLOCK, headDim]. */
export interface BlockData {
  readonly keys: Float32Array;
  readonly values: Float32Array;
}

/** Settled positions that rows have room for: one of these times SETTLED, so that rows of similar lengths stand together. */
const ROOMS = [2, 8, 32, 128, 512, 2048, 8192];

/** The room that so many positions need, in positions. */
export function roomFor(positions: number): number {
  const parts = Math.ceil(positions / SETTLED);
  return (ROOMS.find((room) => room >= parts) ?? parts) * SETTLED;
}

/** Where the tokens of a row stand: in which table, and where in it. */
export interface Row {
  table: RowTable;
  index: number;
  /** Tokens in the cache. */
  length: number;
}

/**
 * Caches and adapter vectors of rows, side by side in memory that the graph reads in place. Rows without gaps: when one leaves, the
 * last one takes its place. All rows of a table have the same room and use the same graph and frozen matrices.
 */
export class RowTable {
  readonly rows: Row[] = [];
  readonly room: number;
  readonly #shape: CacheShape;
  readonly #vector: number;
  #capacity = 0;
  #keys: Float32Array[] = [];
  #values: Float32Array[] = [];
  #tailKeys: Float32Array[] = [];
  #tailValues: Float32Array[] = [];
  #settled = new Float32Array();
  #tail = new Float32Array();
  #thetas = new Float32Array();

  /** room: positions of each row; vector: elements of a row's adapter vector. */
  constructor(shape: CacheShape, room: number, vector: number) {
    this.#shape = shape;
    this.room = room;
    this.#vector = vector;
  }

  get bytes(): number {
    const { layers } = this.#shape;
    return 4 * this.#capacity * (2 * layers * this.#position * (this.room + BLOCK) + this.room + BLOCK + this.#vector);
  }

  /** Elements of a key of one position. */
  get #position(): number {
    return this.#shape.kvHeads * this.#shape.headDim;
  }

  /** Adds an empty row. */
  add(theta: Float32Array): Row {
    const index = this.rows.length;
    if (index === this.#capacity) this.#resize(Math.max(1, 2 * this.#capacity));
    const row: Row = { table: this, index, length: 0 };
    this.rows.push(row);
    this.#settled.fill(MASKED, index * this.room, (index + 1) * this.room);
    this.#tail.fill(MASKED, index * BLOCK, (index + 1) * BLOCK);
    this.#thetas.set(theta, index * this.#vector);
    return row;
  }

  remove(row: Row): void {
    const last = this.rows.pop()!;
    if (last !== row) {
      for (const [data, size] of this.#arrays())
        data.copyWithin(row.index * size, last.index * size, (last.index + 1) * size);
      last.index = row.index;
      this.rows[row.index] = last;
    }
    if (this.rows.length === 0) this.#resize(0);
    else if (this.rows.length * 4 <= this.#capacity) this.#resize(this.#capacity / 2);
  }

  /** Exchanges the places of two rows. */
  swap(one: number, two: number): void {
    if (one === two) return;
    for (const [data, size] of this.#arrays()) {
      const kept = data.slice(one * size, (one + 1) * size);
      data.copyWithin(one * size, two * size, (two + 1) * size);
      data.set(kept, two * size);
    }
    const [a, b] = [this.rows[one]!, this.rows[two]!];
    [this.rows[one], this.rows[two]] = [b, a];
    [a.index, b.index] = [two, one];
  }

  /** Moves a row with all that it holds to a table with more room. */
  moveTo(row: Row, to: RowTable): void {
    const theta = this.#thetas.slice(row.index * this.#vector, (row.index + 1) * this.#vector);
    const moved = to.add(theta);
    const settled = row.length - (row.length % BLOCK);
    for (let start = 0; start < settled; start += BLOCK) to.#write(moved, start, this.block(row, start));
    const { layers } = this.#shape;
    const size = this.#position * BLOCK;
    const part = (data: Float32Array): Float32Array => data.subarray(row.index * size, (row.index + 1) * size);
    for (let layer = 0; layer < layers; layer++) {
      to.#tailKeys[layer]!.set(part(this.#tailKeys[layer]!), moved.index * size);
      to.#tailValues[layer]!.set(part(this.#tailValues[layer]!), moved.index * size);
    }
    to.#tail.set(this.#tail.subarray(row.index * BLOCK, (row.index + 1) * BLOCK), moved.index * BLOCK);
    this.remove(row);
    to.rows[moved.index] = row;
    row.table = to;
    row.index = moved.index;
  }

  /** Adds a settled block to a row whose tail is empty. */
  addBlock(row: Row, block: BlockData): void {
    this.#write(row, row.length, block);
    row.length += BLOCK;
  }

  /**
   * Adds the first `count` of `length` new positions of a row to its tail. keys, values: [layers * batch, kvHeads, length, headDim], of which the
   * row is number `place` of the batch. Returns whether the tail became a settled block.
   */
  append(
    row: Row,
    {
      keys,
      values,
      batch,
      place,
      length,
    }: { keys: Float32Array; values: Float32Array; batch: number; place: number; length: number },
    count: number,
  ): boolean {
    const { layers, kvHeads, headDim } = this.#shape;
    const at = row.length % BLOCK;
    if (at + count > BLOCK) throw new Error(`${count} new positions cross the border of a block`);
    for (let layer = 0; layer < layers; layer++) {
      const [tailKey, tailValue] = [this.#tailKeys[layer]!, this.#tailValues[layer]!];
      for (let head = 0; head < kvHeads; head++) {
        const from = ((layer * batch + place) * kvHeads + head) * length * headDim;
        const to = (row.index * kvHeads + head) * headDim * BLOCK;
        for (let t = 0; t < count; t++)
          for (let i = 0; i < headDim; i++) tailKey[to + i * BLOCK + at + t] = keys[from + t * headDim + i]!;
        tailValue.set(values.subarray(from, from + count * headDim), to + at * headDim);
      }
    }
    const mask = row.index * BLOCK;
    this.#tail.fill(0, mask + at, mask + at + count);
    row.length += count;
    if (at + count < BLOCK) return false;
    this.#write(row, row.length - BLOCK, this.#tailBlock(row));
    this.#tail.fill(MASKED, mask, mask + BLOCK);
    return true;
  }

  /** A copy of a settled block. start: its first position. */
  block(row: Row, start: number): BlockData {
    const { layers, kvHeads, headDim } = this.#shape;
    const size = this.#position * BLOCK;
    const keys = new Float32Array(layers * size);
    const values = new Float32Array(layers * size);
    for (let layer = 0; layer < layers; layer++) {
      for (let i = 0; i < kvHeads * headDim; i++) {
        const from = (row.index * this.#position + i) * this.room + start;
        keys.set(this.#keys[layer]!.subarray(from, from + BLOCK), layer * size + i * BLOCK);
      }
      for (let head = 0; head < kvHeads; head++) {
        const from = ((row.index * kvHeads + head) * this.room + start) * headDim;
        values.set(this.#values[layer]!.subarray(from, from + BLOCK * headDim), layer * size + head * BLOCK * headDim);
      }
    }
    return { keys, values };
  }

  /** Inputs of the graph for `count` rows from the row `from` on. */
  feeds(from: number, count: number): Feeds {
    const { layers, kvHeads, headDim } = this.#shape;
    const { room } = this;
    const feeds: Record<string, PlainTensor> = {};
    const put = (name: string, data: Float32Array, ...dims: number[]): void => {
      const size = dims.reduce((a, b) => a * b, 1);
      feeds[name] = {
        type: 'float32',
        data: data.subarray(from * size, (from + count) * size),
        dims: [count, ...dims],
      };
    };
    put('settled', this.#settled, room);
    put('tail', this.#tail, BLOCK);
    if (this.#vector > 0) put('thetas', this.#thetas, this.#vector);
    for (let layer = 0; layer < layers; layer++) {
      put(`key${layer}`, this.#keys[layer]!, kvHeads, headDim, room);
      put(`value${layer}`, this.#values[layer]!, kvHeads, room / SETTLED, SETTLED, headDim);
      put(`tailKey${layer}`, this.#tailKeys[layer]!, kvHeads, headDim, BLOCK);
      put(`tailValue${layer}`, this.#tailValues[layer]!, kvHeads, BLOCK, headDim);
    }
    return feeds;
  }

  #tailBlock(row: Row): BlockData {
    const { layers } = this.#shape;
    const size = this.#position * BLOCK;
    const joined = (parts: readonly Float32Array[]): Float32Array => {
      const out = new Float32Array(layers * size);
      parts.forEach((part, layer) => out.set(part.subarray(row.index * size, (row.index + 1) * size), layer * size));
      return out;
    };
    return { keys: joined(this.#tailKeys), values: joined(this.#tailValues) };
  }

  #write(row: Row, start: number, { keys, values }: BlockData): void {
    const { layers, kvHeads, headDim } = this.#shape;
    const size = this.#position * BLOCK;
    for (let layer = 0; layer < layers; layer++) {
      for (let i = 0; i < kvHeads * headDim; i++) {
        const from = layer * size + i * BLOCK;
        this.#keys[layer]!.set(keys.subarray(from, from + BLOCK), (row.index * this.#position + i) * this.room + start);
      }
      for (let head = 0; head < kvHeads; head++) {
        const from = layer * size + head * BLOCK * headDim;
        this.#values[layer]!.set(
          values.subarray(from, from + BLOCK * headDim),
          ((row.index * kvHeads + head) * this.room + start) * headDim,
        );
      }
    }
    const mask = row.index * this.room + start;
    this.#settled.fill(0, mask, mask + BLOCK);
  }

  /** Every array that holds something of each row, with the elements of a row. */
  #arrays(): [Float32Array, number][] {
    const main = this.#position * this.room;
    const tail = this.#position * BLOCK;
    return [
      ...[...this.#keys, ...this.#values].map((data): [Float32Array, number] => [data, main]),
      ...[...this.#tailKeys, ...this.#tailValues].map((data): [Float32Array, number] => [data, tail]),
      [this.#settled, this.room],
      [this.#tail, BLOCK],
      [this.#thetas, this.#vector],
    ];
  }

  #resize(capacity: number): void {
    const resized = (data: Float32Array | undefined, size: number): Float32Array<ArrayBuffer> => {
      const out = new Float32Array(capacity * size);
      if (data) out.set(data.subarray(0, out.length));
      return out;
    };
    const { layers } = this.#shape;
    const all = (arrays: Float32Array[], size: number): Float32Array[] =>
      Array.from({ length: layers }, (_, layer) => resized(arrays[layer], size));
    const main = this.#position * this.room;
    this.#keys = all(this.#keys, main);
    this.#values = all(this.#values, main);
    this.#tailKeys = all(this.#tailKeys, this.#position * BLOCK);
    this.#tailValues = all(this.#tailValues, this.#position * BLOCK);
    this.#settled = resized(this.#settled, this.room);
    this.#tail = resized(this.#tail, BLOCK);
    this.#thetas = resized(this.#thetas, this.#vector);
    this.#capacity = capacity;
  }
}
