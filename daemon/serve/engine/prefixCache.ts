import { createHash } from 'node:crypto';
import type { BlockData } from './rows.ts';

/** What the keys and values of a token depend on, besides the tokens before it. Contents, never names. */
export interface CacheOwner {
  /** Fingerprint of the base. */
  readonly base: string;
  readonly precision: string;
  /** Content hash of the adapter; '' for the base itself. */
  readonly adapter: string;
}

/** Identifies a block: the hash of its owner and of all tokens up to its end. */
export type BlockKey = string;

/** What the key of the first block follows. */
export const firstKey = ({ base, precision, adapter }: CacheOwner): BlockKey =>
  createHash('sha256')
    .update(JSON.stringify([base, precision, adapter]))
    .digest('hex');

/** The key of a block that follows another. tokens: [BLOCK]. */
export const nextKey = (before: BlockKey, tokens: readonly number[]): BlockKey =>
  createHash('sha256')
    .update(before)
    .update(new Uint8Array(Int32Array.from(tokens).buffer))
    .digest('hex');

/** What the key of the block follows in which an adapter starts: the base read what comes before. start: the first token that it acts on. */
export const startKey = (before: BlockKey, adapter: string, start: number): BlockKey =>
  createHash('sha256')
    .update(JSON.stringify([before, adapter, start]))
    .digest('hex');

/** Blocks of keys and values of texts that were read before, by what they depend on. Those not used for longest leave first. */
export class PrefixCache {
  readonly #budget: number;
  /** In the order of their use, the latest last. */
  readonly #blocks = new Map<BlockKey, BlockData>();
  #bytes = 0;
  #evicted = 0;

  constructor(budgetBytes: number) {
    this.#budget = budgetBytes;
  }

  get counts(): { blocks: number; bytes: number; budgetBytes: number; evicted: number } {
    return { blocks: this.#blocks.size, bytes: this.#bytes, budgetBytes: this.#budget, evicted: this.#evicted };
  }

  /** A block that is known. */
  get(key: BlockKey): BlockData | undefined {
    return this.#blocks.get(key);
  }

  /** Notes that these blocks of one text were used, in their order. */
  touch(keys: readonly BlockKey[]): void {
    // A block is of use only together with those before it, so the first one must leave last.
    for (const key of keys.toReversed()) {
      const block = this.#blocks.get(key);
      if (!block) continue;
      this.#blocks.delete(key);
      this.#blocks.set(key, block);
    }
  }

  add(key: BlockKey, block: BlockData): void {
    const size = bytesOf(block);
    if (this.#blocks.has(key) || size > this.#budget) return;
    this.#blocks.set(key, block);
    this.#bytes += size;
    for (const [oldest, data] of this.#blocks) {
      if (this.#bytes <= this.#budget) break;
      this.#blocks.delete(oldest);
      this.#bytes -= bytesOf(data);
      this.#evicted++;
    }
  }
}

const bytesOf = ({ keys, values }: BlockData): number => keys.byteLength + values.byteLength;
