import { MASKED } from '../../models/attention.ts';
import type { ModelConfig } from '../../models/model.ts';
import type { Feeds, PlainTensor } from '../../runtime/executor.ts';
import { BLOCK } from './attention.ts';

export type CacheShape = Pick<ModelConfig, 'layers' | 'kvHeads' | 'headDim'>;

/** Keys and values of one whole block of one row, for all layers: keys [layers, kvHeads, headDim, BLOCK], values [layers, kvHeads, BLOCK, headDim]. */
export interface BlockData {
  readonly keys: Float32Array;
  readonly values: Float32Array;
}

/** Positions up to the end of the last whole block. */
export const settledOf = (positions: number): number => positions - (positions % BLOCK);

/** Where the tokens of a row stand: in which table, and where in it. */
export interface Row {
  table: RowTable;
  index: number;
  /** Tokens in the cache. */
  length: number;
}

/** Keys and values of new tokens, as the graph gives them: [layers * batch, kvHeads, length, headDim], of which the row is number `place` of the batch. */
export interface NewTokens {
  readonly keys: Float32Array;
  readonly values: Float32Array;
  readonly batch: number;
  readonly place: number;
  readonly length: number;
}

/**
 * Caches and adapter vectors of rows, side by side in memory that the graph reads in place. Rows without gaps: when one leaves, the
 * last one takes its place. All rows of a table have the same room and use the same graph and frozen matrices. A row's whole blocks
 * are its settled part, the block that is being filled is its tail.
 */
export class RowTable {
  readonly rows: Row[] = [];
  readonly #shape: CacheShape;
  readonly #vector: number;
  #room: number;
  #capacity = 0;
  #keys: Float32Array[] = [];
  #values: Float32Array[] = [];
  #tailKeys: Float32Array[] = [];
  #tailValues: Float32Array[] = [];
  #thetas = new Float32Array();

  /** room: settled positions of each row, a multiple of BLOCK; vector: elements of a row's adapter vector. */
  constructor(shape: CacheShape, room: number, vector: number) {
    this.#shape = shape;
    this.#room = room;
    this.#vector = vector;
  }

  get room(): number {
    return this.#room;
  }

  get bytes(): number {
    return 4 * this.#capacity * (2 * this.#shape.layers * this.#position * (this.room + BLOCK) + this.#vector);
  }

  /** Elements of a key of one position. */
  get #position(): number {
    return this.#shape.kvHeads * this.#shape.headDim;
  }

  /** Adds an empty row. */
  add(theta: Float32Array): Row {
    const index = this.rows.length;
    if (index === this.#capacity) this.#resize(Math.max(1, 2 * this.#capacity), this.room);
    const row: Row = { table: this, index, length: 0 };
    this.rows.push(row);
    for (const tail of [...this.#tailKeys, ...this.#tailValues])
      tail.fill(0, index * this.#position * BLOCK, (index + 1) * this.#position * BLOCK);
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
    if (this.rows.length === 0) this.#resize(0, this.room);
    else if (this.rows.length * 4 <= this.#capacity) this.#resize(this.#capacity / 2, this.room);
  }

  /** Gives all rows room for at least so many settled positions. */
  grow(room: number): void {
    if (room > this.#room) this.#resize(this.#capacity, room);
  }

  /** Moves a row with all that it holds to a table with enough room. */
  moveTo(row: Row, to: RowTable): void {
    const moved = to.add(this.#thetas.subarray(row.index * this.#vector, (row.index + 1) * this.#vector));
    const settled = settledOf(row.length);
    const tail = this.#position * BLOCK;
    for (let layer = 0; layer < this.#shape.layers; layer++) {
      this.#copySettled(row.index, layer, settled, to, moved.index);
      for (const [from, target] of [
        [this.#tailKeys[layer]!, to.#tailKeys[layer]!],
        [this.#tailValues[layer]!, to.#tailValues[layer]!],
      ] as const)
        target.set(from.subarray(row.index * tail, (row.index + 1) * tail), moved.index * tail);
    }
    this.remove(row);
    to.rows[moved.index] = row;
    row.table = to;
    row.index = moved.index;
  }

  /** Adds settled blocks to a row whose tail is empty. */
  addBlocks(row: Row, blocks: readonly BlockData[]): void {
    this.grow(row.length + blocks.length * BLOCK);
    for (const block of blocks) {
      this.#writeBlock(row, block);
      row.length += BLOCK;
    }
  }

  /** Adds the first `count` new positions of a row. -> the first positions of the blocks that are settled by them. */
  append(row: Row, tokens: NewTokens, count: number): number[] {
    const settled: number[] = [];
    this.grow(settledOf(row.length + count));
    for (let done = 0; done < count;) {
      const part = Math.min(count - done, BLOCK - (row.length % BLOCK));
      this.#fillTail(row, tokens, done, part);
      done += part;
      row.length += part;
      if (row.length % BLOCK !== 0) continue;
      const start = row.length - BLOCK;
      this.#settleTail(row, start);
      settled.push(start);
    }
    return settled;
  }

  /** A copy of a settled block. start: its first position. */
  block(row: Row, start: number): BlockData {
    const { layers } = this.#shape;
    const size = this.#position * BLOCK;
    const [keys, values] = [new Float32Array(layers * size), new Float32Array(layers * size)];
    const { kvHeads, headDim } = this.#shape;
    for (let layer = 0; layer < layers; layer++) {
      const [allKeys, allValues] = [this.#keys[layer]!, this.#values[layer]!];
      for (let i = 0; i < this.#position; i++) {
        const from = (row.index * this.#position + i) * this.room + start;
        keys.set(allKeys.subarray(from, from + BLOCK), layer * size + i * BLOCK);
      }
      for (let head = 0; head < kvHeads; head++) {
        const from = ((row.index * kvHeads + head) * this.room + start) * headDim;
        values.set(allValues.subarray(from, from + BLOCK * headDim), layer * size + head * BLOCK * headDim);
      }
    }
    return { keys, values };
  }

  /**
   * Inputs of the graph for new tokens of every row, filled up to `length`. counts: how many each row has. A row has more than fit into the block of
   * its tail only where that is empty, and where it is the only row. zeros: gives an array of that size that holds zeros.
   */
  feeds(counts: readonly number[], length: number, zeros: (size: number) => Float32Array): Feeds {
    const { layers, kvHeads, headDim } = this.#shape;
    const { room } = this;
    const batch = this.rows.length;
    const ends = this.rows.map((row, i) => (row.length % BLOCK) + counts[i]!);
    const window = Math.ceil(Math.max(...ends) / BLOCK) * BLOCK;
    const feeds: Record<string, PlainTensor> = {};
    const put = (name: string, data: Float32Array, ...dims: number[]): void => {
      const size = dims.reduce((a, b) => a * b, 1);
      feeds[name] = { type: 'float32', data: data.subarray(0, size), dims };
    };
    put('mask', this.#mask(length, window), batch, length, (room + window) / BLOCK, BLOCK);
    put('place', this.#place(counts, length, window), batch, length, window);
    put('thetas', this.#thetas, batch, this.#vector);
    const each = batch === 1 || length === 1 ? this.#thetas : this.#repeated(length);
    put('scales', each, batch === 1 ? 1 : batch * length, this.#vector);
    if (window > BLOCK && this.rows.some((row) => row.length % BLOCK > 0))
      throw new Error('new tokens cross the border of the block of a tail');
    const empty = window > BLOCK ? zeros(batch * this.#position * window) : undefined;
    for (let layer = 0; layer < layers; layer++) {
      put(`key${layer}`, this.#keys[layer]!, batch, kvHeads, headDim, room);
      put(`value${layer}`, this.#values[layer]!, batch, kvHeads, room / BLOCK, BLOCK, headDim);
      put(`tailKey${layer}`, empty ?? this.#tailKeys[layer]!, batch, kvHeads, window, headDim);
      put(`tailValue${layer}`, empty ?? this.#tailValues[layer]!, batch, kvHeads, window / BLOCK, BLOCK, headDim);
    }
    return feeds;
  }

  /** What each new token sees: all positions up to its own. [batch, length, room + window]. */
  #mask(length: number, window: number): Float32Array {
    const width = this.room + window;
    const mask = new Float32Array(this.rows.length * length * width).fill(MASKED);
    for (const row of this.rows)
      for (let t = 0; t < length; t++) {
        const start = (row.index * length + t) * width;
        const settled = settledOf(row.length);
        mask.fill(0, start, start + settled);
        mask.fill(0, start + this.room, start + this.room + Math.min(window, row.length - settled + t + 1));
      }
    return mask;
  }

  /** Where the new tokens stand in the window. [batch, length, window]. */
  #place(counts: readonly number[], length: number, window: number): Float32Array {
    const place = new Float32Array(this.rows.length * length * window);
    for (const row of this.rows)
      for (let t = 0; t < counts[row.index]!; t++)
        place[(row.index * length + t) * window + (row.length % BLOCK) + t] = 1;
    return place;
  }

  /** The vector of each row, once for each of its tokens. */
  #repeated(length: number): Float32Array {
    const out = new Float32Array(this.rows.length * length * this.#vector);
    for (const { index } of this.rows)
      for (let t = 0; t < length; t++)
        out.set(
          this.#thetas.subarray(index * this.#vector, (index + 1) * this.#vector),
          (index * length + t) * this.#vector,
        );
    return out;
  }

  /** Writes new positions `from` to `from + count` of a row into its tail, behind what that holds. */
  #fillTail(row: Row, { keys, values, batch, place, length }: NewTokens, from: number, count: number): void {
    const { layers, kvHeads, headDim } = this.#shape;
    const at = row.length % BLOCK;
    for (let layer = 0; layer < layers; layer++) {
      for (let head = 0; head < kvHeads; head++) {
        const source = (((layer * batch + place) * kvHeads + head) * length + from) * headDim;
        const to = ((row.index * kvHeads + head) * BLOCK + at) * headDim;
        this.#tailKeys[layer]!.set(keys.subarray(source, source + count * headDim), to);
        this.#tailValues[layer]!.set(values.subarray(source, source + count * headDim), to);
      }
    }
  }

  /** Makes a full tail the settled block from `start` on, and empties it. */
  #settleTail(row: Row, start: number): void {
    const { layers, kvHeads, headDim } = this.#shape;
    const tail = this.#position * BLOCK;
    const turned = new Float32Array(tail);
    for (let layer = 0; layer < layers; layer++) {
      const keys = this.#tailKeys[layer]!.subarray(row.index * tail, (row.index + 1) * tail);
      const values = this.#tailValues[layer]!.subarray(row.index * tail, (row.index + 1) * tail);
      for (let head = 0; head < tail; head += BLOCK * headDim)
        for (let i = 0; i < headDim; i++)
          for (let t = 0; t < BLOCK; t++) turned[head + i * BLOCK + t] = keys[head + t * headDim + i]!;
      this.#write(row.index, layer, start, turned, values, kvHeads, headDim);
      keys.fill(0);
      values.fill(0);
    }
  }

  #writeBlock(row: Row, { keys, values }: BlockData): void {
    const { layers, kvHeads, headDim } = this.#shape;
    const size = this.#position * BLOCK;
    for (let layer = 0; layer < layers; layer++) {
      const part = (data: Float32Array): Float32Array => data.subarray(layer * size, (layer + 1) * size);
      this.#write(row.index, layer, row.length, part(keys), part(values), kvHeads, headDim);
    }
  }

  #write(
    index: number,
    layer: number,
    start: number,
    keys: Float32Array,
    values: Float32Array,
    kvHeads: number,
    headDim: number,
  ): void {
    const [allKeys, allValues] = [this.#keys[layer]!, this.#values[layer]!];
    for (let i = 0; i < this.#position; i++)
      allKeys.set(keys.subarray(i * BLOCK, (i + 1) * BLOCK), (index * this.#position + i) * this.room + start);
    for (let head = 0; head < kvHeads; head++)
      allValues.set(
        values.subarray(head * BLOCK * headDim, (head + 1) * BLOCK * headDim),
        ((index * kvHeads + head) * this.room + start) * headDim,
      );
  }

  /** Copies the first settled positions of a row to a row of another table. */
  #copySettled(index: number, layer: number, settled: number, to: RowTable, target: number): void {
    copyParts(this.#keys[layer]!, to.#keys[layer]!, {
      ...{ parts: this.#position, size: settled },
      ...{ from: index * this.#position * this.room, step: this.room, to: target * this.#position * to.room },
      toStep: to.room,
    });
    const { kvHeads, headDim } = this.#shape;
    copyParts(this.#values[layer]!, to.#values[layer]!, {
      ...{ parts: kvHeads, size: settled * headDim },
      ...{ from: index * this.#position * this.room, step: this.room * headDim },
      ...{ to: target * this.#position * to.room, toStep: to.room * headDim },
    });
  }

  /** Every array that holds something of each row, with the elements of a row. */
  #arrays(): [Float32Array, number][] {
    const main = this.#position * this.room;
    const tail = this.#position * BLOCK;
    return [
      ...[...this.#keys, ...this.#values].map((data): [Float32Array, number] => [data, main]),
      ...[...this.#tailKeys, ...this.#tailValues].map((data): [Float32Array, number] => [data, tail]),
      [this.#thetas, this.#vector],
    ];
  }

  #resize(capacity: number, room: number): void {
    const { layers, kvHeads, headDim } = this.#shape;
    const rows = Math.min(this.rows.length, capacity);
    /** parts: pieces of a row that stand in a row of their own, each of `unit` elements a position. */
    const main = (data: Float32Array | undefined, parts: number, unit: number): Float32Array => {
      const out = new Float32Array(capacity * this.#position * room);
      const [from, to] = [this.room * unit, room * unit];
      const size = Math.min(from, to);
      if (data) copyParts(data, out, { parts: rows * parts, size, from: 0, step: from, to: 0, toStep: to });
      return out;
    };
    const flat = (data: Float32Array | undefined, size: number): Float32Array<ArrayBuffer> => {
      const out = new Float32Array(capacity * size);
      if (data) out.set(data.subarray(0, rows * size));
      return out;
    };
    const all = (make: (layer: number) => Float32Array): Float32Array[] =>
      Array.from({ length: layers }, (_, i) => make(i));
    const tail = this.#position * BLOCK;
    this.#keys = all((i) => main(this.#keys[i], this.#position, 1));
    this.#values = all((i) => main(this.#values[i], kvHeads, headDim));
    if (capacity !== this.#capacity) {
      this.#tailKeys = all((i) => flat(this.#tailKeys[i], tail));
      this.#tailValues = all((i) => flat(this.#tailValues[i], tail));
      this.#thetas = flat(this.#thetas, this.#vector);
    }
    this.#capacity = capacity;
    this.#room = room;
  }
}

/** Copies pieces of `size` elements that stand `step` apart to places that are `toStep` apart. */
function copyParts(
  source: Float32Array,
  target: Float32Array,
  places: { parts: number; size: number; from: number; step: number; to: number; toStep: number },
): void {
  const { parts, size, from, step, to, toStep } = places;
  if (size === step && size === toStep) target.set(source.subarray(from, from + parts * size), to);
  else
    for (let i = 0; i < parts; i++)
      target.set(source.subarray(from + i * step, from + i * step + size), to + i * toStep);
}
