import { MASKED } from '../../models/attention.ts';
import type { ModelConfig } from '../../models/model.ts';
import type { Feeds, PlainTensor } from '../../runtime/executor.ts';
import { BLOCK } from './attention.ts';

export type CacheShape = Pick<ModelConfig, 'layers' | 'kvHeads' | 'headDim'>;

/** Keys and values of one whole block of one row, for all layers: [layers, BLOCK, kvHeads * headDim] each. */
export interface BlockData {
  readonly keys: Float32Array;
  readonly values: Float32Array;
}

/** Positions up to the end of the last whole block. */
export const settledOf = (positions: number): number => positions - (positions % BLOCK);

/** The least multiple of BLOCK that holds so many positions. */
const roomFor = (positions: number): number => Math.max(LEAST, Math.ceil(positions / BLOCK) * BLOCK);

/** With fewer positions than this, onnxruntime may cut the sums of products in other places. */
const LEAST = 128;

/** Where the tokens of a row stand: in which table, and where in it. */
export interface Row {
  table: RowTable;
  index: number;
  /** Tokens in the cache. */
  length: number;
}

/** What a run is given, and the caches that it writes into, which have the same memory. */
export interface TableFeeds {
  readonly feeds: Feeds;
  readonly outputs: Feeds;
}

/**
 * Caches and adapter vectors of rows, side by side in memory that the graph reads and writes in place. Rows without gaps: when one
 * leaves, the last one takes its place. All rows of a table have the same room and use the same graph and frozen matrices. What a row
 * holds behind its length is of no meaning, but it is finite: a run multiplies it by zero.
 */
export class RowTable {
  readonly rows: Row[] = [];
  readonly #shape: CacheShape;
  readonly #vector: number;
  #room = 0;
  #capacity = 0;
  /** So many of the first places were in use since their memory was new. */
  #used = 0;
  /** For each layer: [capacity, room, kvHeads * headDim]. */
  #keys: Float32Array[] = [];
  #values: Float32Array[] = [];
  #thetas = new Float32Array();

  /** vector: elements of a row's adapter vector. */
  constructor(shape: CacheShape, vector: number) {
    this.#shape = shape;
    this.#vector = vector;
    this.#resize(0, LEAST);
  }

  /** Positions of each row. */
  get room(): number {
    return this.#room;
  }

  get bytes(): number {
    return 4 * this.#capacity * (2 * this.#shape.layers * this.#position * this.#room + this.#vector);
  }

  /** Elements of a key of one position. */
  get #position(): number {
    return this.#shape.kvHeads * this.#shape.headDim;
  }

  /** Adds an empty row that will have so many positions. */
  add(theta: Float32Array, positions = 0): Row {
    const index = this.rows.length;
    const room = Math.max(roomFor(positions), ...this.rows.map(({ length }) => roomFor(length + 1)));
    if (index === this.#capacity) this.#resize(Math.max(1, 2 * this.#capacity), room);
    else this.grow(room);
    const row: Row = { table: this, index, length: 0 };
    this.rows.push(row);
    if (index < this.#used) {
      const size = this.#room * this.#position;
      for (const data of [...this.#keys, ...this.#values]) data.fill(0, index * size, (index + 1) * size);
    } else this.#used = index + 1;
    this.#thetas.set(theta, index * this.#vector);
    return row;
  }

  remove(row: Row): void {
    const last = this.rows.pop()!;
    if (last !== row) {
      const size = this.#room * this.#position;
      for (const data of [...this.#keys, ...this.#values])
        data.copyWithin(row.index * size, last.index * size, (last.index + 1) * size);
      this.#thetas.copyWithin(row.index * this.#vector, last.index * this.#vector, (last.index + 1) * this.#vector);
      last.index = row.index;
      this.rows[row.index] = last;
    }
    if (this.rows.length === 0) this.#resize(0, LEAST);
    else if (this.rows.length * 4 <= this.#capacity) this.#resize(this.#capacity / 2, this.#room);
  }

  /** Gives all rows room for at least so many positions. A single row gets more, because all of its room need not be fed to a run. */
  grow(positions: number): void {
    if (positions <= this.#room) return;
    this.#resize(this.#capacity, roomFor(this.#capacity <= 1 ? 1.25 * positions : positions));
  }

  /** Moves a row with all that it holds to another table. */
  moveTo(row: Row, to: RowTable): void {
    const theta = this.#thetas.subarray(row.index * this.#vector, (row.index + 1) * this.#vector);
    const moved = to.add(theta, row.length + 1);
    const [from, target] = [row.index * this.#room * this.#position, moved.index * to.#room * this.#position];
    const size = row.length * this.#position;
    for (let layer = 0; layer < this.#shape.layers; layer++) {
      to.#keys[layer]!.set(this.#keys[layer]!.subarray(from, from + size), target);
      to.#values[layer]!.set(this.#values[layer]!.subarray(from, from + size), target);
    }
    this.remove(row);
    to.rows[moved.index] = row;
    row.table = to;
    row.index = moved.index;
  }

  /** Adds blocks to a row that ends with a whole block. */
  addBlocks(row: Row, blocks: readonly BlockData[]): void {
    this.grow(row.length + blocks.length * BLOCK);
    const size = BLOCK * this.#position;
    for (let layer = 0; layer < this.#shape.layers; layer++) {
      let at = (row.index * this.#room + row.length) * this.#position;
      for (const { keys, values } of blocks) {
        this.#keys[layer]!.set(keys.subarray(layer * size, (layer + 1) * size), at);
        this.#values[layer]!.set(values.subarray(layer * size, (layer + 1) * size), at);
        at += size;
      }
    }
    row.length += blocks.length * BLOCK;
  }

  /** Keeps the first `count` of the new positions that a run has written. -> the first positions of the blocks that are whole by them. */
  append(row: Row, count: number): number[] {
    const whole: number[] = [];
    for (let start = settledOf(row.length); start + BLOCK <= row.length + count; start += BLOCK) whole.push(start);
    row.length += count;
    return whole;
  }

  /** A copy of a whole block. start: its first position. */
  block(row: Row, start: number): BlockData {
    const { layers } = this.#shape;
    const size = BLOCK * this.#position;
    const [keys, values] = [new Float32Array(layers * size), new Float32Array(layers * size)];
    const from = (row.index * this.#room + start) * this.#position;
    for (let layer = 0; layer < layers; layer++) {
      keys.set(this.#keys[layer]!.subarray(from, from + size), layer * size);
      values.set(this.#values[layer]!.subarray(from, from + size), layer * size);
    }
    return { keys, values };
  }

  /** Inputs of the graph for `length` new tokens of every row, and its outputs. Rows that have fewer are filled up. */
  feeds(length: number): TableFeeds {
    const batch = this.rows.length;
    const longest = roomFor(Math.max(...this.rows.map((row) => row.length)) + length);
    this.grow(longest);
    const room = batch === 1 ? longest : this.#room;
    const feeds: Record<string, PlainTensor> = {};
    const outputs: Record<string, PlainTensor> = {};
    const tensor = (data: Float32Array, ...dims: number[]): PlainTensor => {
      const size = dims.reduce((a, b) => a * b, 1);
      return { type: 'float32', data: data.subarray(0, size), dims };
    };
    feeds['mask'] = tensor(this.#mask(length + 1, room), batch, 1, length + 1, room);
    const places = BigInt64Array.from(this.rows, (row) => BigInt(row.length));
    feeds['places'] = { type: 'int64', data: places, dims: [batch] };
    feeds['thetas'] = tensor(this.#thetas, batch, this.#vector);
    const each = batch === 1 || length === 1 ? this.#thetas : this.#repeated(length);
    feeds['scales'] = tensor(each, batch === 1 ? 1 : batch * length, this.#vector);
    for (let layer = 0; layer < this.#shape.layers; layer++) {
      const keys = tensor(this.#keys[layer]!, batch, room, this.#position);
      const values = tensor(this.#values[layer]!, batch, room, this.#position);
      feeds[`key${layer}`] = outputs[`newKey${layer}`] = keys;
      feeds[`value${layer}`] = outputs[`newValue${layer}`] = values;
    }
    return { feeds, outputs };
  }

  /** What each query sees: all positions up to its own. [batch, 1, queries, room]. */
  #mask(queries: number, room: number): Float32Array {
    const mask = new Float32Array(this.rows.length * queries * room);
    for (const row of this.rows)
      for (let t = 0; t < queries; t++) {
        const start = (row.index * queries + t) * room;
        mask.fill(MASKED, start + Math.min(room, row.length + t + 1), start + room);
      }
    return mask;
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

  #resize(capacity: number, room: number): void {
    const rows = this.rows.slice(0, capacity);
    const [from, to] = [this.#room * this.#position, room * this.#position];
    const resized = (data: Float32Array | undefined): Float32Array => {
      const out = new Float32Array(capacity * to);
      if (data)
        for (const { index, length } of rows)
          out.set(data.subarray(index * from, index * from + length * this.#position), index * to);
      return out;
    };
    for (let layer = 0; layer < this.#shape.layers; layer++) {
      this.#keys[layer] = resized(this.#keys[layer]);
      this.#values[layer] = resized(this.#values[layer]);
    }
    if (capacity !== this.#capacity) {
      const thetas = new Float32Array(capacity * this.#vector);
      thetas.set(this.#thetas.subarray(0, rows.length * this.#vector));
      this.#thetas = thetas;
    }
    this.#capacity = capacity;
    this.#used = rows.length;
    this.#room = room;
  }
}
