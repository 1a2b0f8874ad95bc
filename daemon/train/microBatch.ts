import type { Batch } from '../data/batch.ts';
import type { BatchPart } from '../objectives/objective.ts';

/**
 * About how many tokens run through the network at once. Frozen weights have no gradient to add up, so it costs almost nothing
 * to run a step in parts, and activations of this size stay in the processor's cache. Measured on SmolLM2-135M in int8: a step
 * takes a quarter less time per token than with 1024 tokens at once, and half the memory.
 */
export const MICRO_TOKENS = 256;

export type MicroBatch = BatchPart & {
  /** The index of each of its tokens in the whole batch. */
  readonly from: Int32Array;
};

/**
 * Whole rows of a batch in parts of at most `tokens` tokens, but at least one row. Padding beyond the longest row of a part is cut
 * off. Parts in which no token is counted in the loss are left out.
 */
export function* microBatches(batch: Batch, tokens: number): Generator<MicroBatch> {
  for (let first = 0; first < batch.rows;) {
    let longest = usedLength(batch, first);
    let rows = 1;
    while (first + rows < batch.rows) {
      const next = Math.max(longest, usedLength(batch, first + rows));
      if (next * (rows + 1) > tokens) break;
      longest = next;
      rows += 1;
    }
    const part = cut(batch, first, rows, longest);
    if (part.targets.length > 0) yield part;
    first += rows;
  }
}

/** Tokens of a row without the padding at its end. */
function usedLength({ length, segments }: Batch, row: number): number {
  let used = length;
  while (used > 1 && segments[row * length + used - 1] === 0) used -= 1;
  return used;
}

function cut(batch: Batch, first: number, rows: number, length: number): MicroBatch {
  const from = Int32Array.from(
    { length: rows * length },
    (_, i) => (first + Math.floor(i / length)) * batch.length + (i % length),
  );
  const chosen = [...batch.targets.keys()].filter((i) => {
    const row = Math.floor((batch.targets[i] as number) / batch.length);
    return row >= first && row < first + rows;
  });
  const local = (target: number): number =>
    (Math.floor(target / batch.length) - first) * length + (target % batch.length);
  const pick = (values: Int32Array): Int32Array => from.map((i) => values[i] as number);
  const { active } = batch;
  return {
    rows,
    length,
    from,
    ids: pick(batch.ids),
    positions: pick(batch.positions),
    segments: pick(batch.segments),
    ...(active ? { active: Float32Array.from(from, (i) => active[i]!) } : {}),
    targets: Int32Array.from(chosen, (i) => local(batch.targets[i] as number)),
    labels: Int32Array.from(chosen, (i) => batch.labels[i] as number),
  };
}
