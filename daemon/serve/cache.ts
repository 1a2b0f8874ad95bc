import { MASKED } from '../models/attention.ts';
import type { ModelConfig } from '../models/model.ts';
import type { PlainTensor } from '../runtime/executor.ts';

/** Positions in a new cache. Its size doubles when they are used up. */
const FIRST = 64;

/**
 * Keys and values of the tokens of one row that a model has read, in memory that the graph reads in place. Keys have the shape
 * [1, kvHeads, headDim, capacity] and values [1, kvHeads, capacity, headDim], so that neither is transposed to be used.
 */
export class KvCache {
  /** Number of filled positions. */
  length = 0;
  #capacity = 0;
  #keys: Float32Array[] = [];
  #values: Float32Array[] = [];
  #mask = new Float32Array();
  #feeds: Record<string, PlainTensor> = {};
  readonly #config: Pick<ModelConfig, 'layers' | 'kvHeads' | 'headDim'>;

  constructor(config: Pick<ModelConfig, 'layers' | 'kvHeads' | 'headDim'>) {
    this.#config = config;
    this.#grow(FIRST);
  }

  /** This cache as inputs of the decode graph. */
  get feeds(): Readonly<Record<string, PlainTensor>> {
    return this.#feeds;
  }

  /** Adds positions. keys and values: [layers, kvHeads, count, headDim]. */
  append(keys: Float32Array, values: Float32Array, count: number): void {
    const { layers, kvHeads, headDim } = this.#config;
    let capacity = this.#capacity;
    while (this.length + count > capacity) capacity *= 2;
    if (capacity > this.#capacity) this.#grow(capacity);
    for (let layer = 0, from = 0; layer < layers; layer++) {
      const key = this.#keys[layer]!;
      for (let head = 0; head < kvHeads; head++, from += count * headDim) {
        for (let t = 0; t < count; t++) {
          let to = head * headDim * capacity + this.length + t;
          for (let i = from + t * headDim; i < from + (t + 1) * headDim; i++, to += capacity) key[to] = keys[i]!;
        }
        this.#values[layer]!.set(
          values.subarray(from, from + count * headDim),
          (head * capacity + this.length) * headDim,
        );
      }
    }
    this.#mask.fill(0, this.length, this.length + count);
    this.length += count;
  }

  #grow(capacity: number): void {
    const { layers, kvHeads, headDim } = this.#config;
    const size = kvHeads * headDim * capacity;
    const old = { capacity: this.#capacity, keys: this.#keys, values: this.#values };
    this.#capacity = capacity;
    this.#keys = Array.from({ length: layers }, (_, layer) => {
      const to = new Float32Array(size);
      const from = old.keys[layer];
      if (from)
        for (let row = 0; row < kvHeads * headDim; row++)
          to.set(from.subarray(row * old.capacity, (row + 1) * old.capacity), row * capacity);
      return to;
    });
    this.#values = Array.from({ length: layers }, (_, layer) => {
      const to = new Float32Array(size);
      const from = old.values[layer];
      const part = old.capacity * headDim;
      if (from)
        for (let head = 0; head < kvHeads; head++)
          to.set(from.subarray(head * part, (head + 1) * part), head * capacity * headDim);
      return to;
    });
    this.#mask = new Float32Array(capacity).fill(MASKED).fill(0, 0, this.length);
    const plain = (data: Float32Array, ...dims: number[]): PlainTensor => ({ type: 'float32', data, dims });
    this.#feeds = { empty: plain(this.#mask, capacity) };
    this.#keys.forEach((data, layer) => (this.#feeds[`key${layer}`] = plain(data, 1, kvHeads, headDim, capacity)));
    this.#values.forEach((data, layer) => (this.#feeds[`value${layer}`] = plain(data, 1, kvHeads, capacity, headDim)));
  }
}
