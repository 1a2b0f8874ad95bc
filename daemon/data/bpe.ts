import type { Pipeline } from './pipeline.ts';

/** The parts of the pipeline's BPE model that this file uses. */
interface BpeModel {
  merges: [string, string][];
  bpe_ranks: Map<string, number>;
  cache_capacity: number;
  cache: { capacity: number };
  end_of_word_suffix?: string | null;
  continuing_subword_suffix?: string | null;
  bpe(token: string): string[];
  add_node(queue: { push(node: BpeNode): void }, node: BpeNode): void;
}
interface BpeNode {
  token: string;
  bias: number;
  score?: number;
  next: BpeNode;
}

/** Above this many symbols, the pipeline's heap is faster than scanning all pairs after each merge. */
const SCAN_SYMBOLS = 48;
const CACHED_WORDS = 65_536;

/**
 * Replaces the merge loop of a BPE pipeline by one that gives the same result several times as fast: it keeps ranks in nested maps
 * instead of one map keyed by JSON text, merges short words by scanning, and has a larger cache of words. Other kinds of model
 * stay as they are.
 */
export function speedUpBpe(pipeline: Pipeline): void {
  const model = pipeline.model as Partial<BpeModel> | null;
  if (!model || !Array.isArray(model.merges) || !(model.bpe_ranks instanceof Map) || !model.bpe) return;
  const ranks = new Map<string, Map<string, number>>();
  model.merges.forEach(([left, right], rank) => {
    const row = ranks.get(left);
    if (row) row.set(right, rank);
    else ranks.set(left, new Map([[right, rank]]));
  });
  model.bpe_ranks = new Map();
  model.add_node = (queue, node) => {
    const rank = ranks.get(node.token)?.get(node.next.token);
    if (rank === undefined) return;
    node.score = rank + node.bias;
    queue.push(node);
  };
  if (model.end_of_word_suffix || model.continuing_subword_suffix) return;

  const viaHeap = model.bpe.bind(model);
  let cache = new Map<string, string[]>();
  let older = new Map<string, string[]>();
  model.bpe = (token) => {
    const known = cache.get(token);
    if (known) return known;
    const aged = older.get(token);
    if (aged) {
      cache.set(token, aged);
      return aged;
    }
    const symbols = Array.from(token);
    if (symbols.length > SCAN_SYMBOLS) return viaHeap(token);
    const merged = mergeByScanning(symbols, ranks);
    if (cache.size >= CACHED_WORDS) {
      // Two generations instead of an exact least-recently-used list: words that are still used move to the new one.
      older = cache;
      cache = new Map();
    }
    cache.set(token, merged);
    return merged;
  };
}

function mergeByScanning(symbols: string[], ranks: Map<string, Map<string, number>>): string[] {
  const count = symbols.length;
  const pairRanks = new Array<number>(count).fill(Infinity);
  const rankAt = (i: number) => ranks.get(symbols[i]!)?.get(symbols[i + 1]!) ?? Infinity;
  let length = count;
  for (let i = 0; i + 1 < length; i++) pairRanks[i] = rankAt(i);
  for (;;) {
    let best = -1;
    let bestRank = Infinity;
    for (let i = 0; i + 1 < length; i++) {
      if (pairRanks[i]! < bestRank) {
        bestRank = pairRanks[i]!;
        best = i;
      }
    }
    if (best < 0) break;
    symbols[best] = symbols[best]! + symbols[best + 1]!;
    for (let i = best + 1; i + 1 < length; i++) {
      symbols[i] = symbols[i + 1]!;
      pairRanks[i] = pairRanks[i + 1]!;
    }
    length -= 1;
    symbols.length = length;
    if (best > 0) pairRanks[best - 1] = rankAt(best - 1);
    pairRanks[best] = best + 1 < length ? rankAt(best) : Infinity;
  }
  return symbols;
}
