import { seededUniform } from '../methods/random.ts';
import type { Adaptation } from '../models/adaptation.ts';
import { unadapted } from '../models/adaptation.ts';
import type { BaseModel } from '../models/base.ts';
import { Logits } from '../serve/logits.ts';

/** How much a merged model differs from its base with the adapter, in fp32. */
export interface LogitCheck {
  /** The largest absolute difference of any logit. */
  readonly maxDifference: number;
  /** The largest absolute logit, to which that difference can be compared. */
  readonly maxLogit: number;
  /** Number of positions compared, and number of those where the most likely token is the same. */
  readonly positions: number;
  readonly sameTop: number;
}

/** Random tokens reach every part of the vocabulary. They are a harder check than text, since their hidden states differ more. */
const ROWS = 4;
const LENGTH = 24;

/** Rows of token ids that depend only on the size of the vocabulary. */
function prompts({ vocabulary, maxLength }: BaseModel['config']): number[][] {
  const length = Math.min(LENGTH, maxLength);
  const uniform = seededUniform('prompts of the merge check', ROWS * length, 0.5);
  return Array.from({ length: ROWS }, (_, row) =>
    Array.from({ length }, (_, i) =>
      Math.min(vocabulary - 1, Math.floor((uniform[row * length + i]! + 0.5) * vocabulary)),
    ),
  );
}

/**
 * Runs both models on the same prompts, one after the other. `adapted`: the base with its adapter. `merged`: the folder with
 * the changed weights. Each uses the given cache of transformed weights.
 */
export async function compareLogits(
  adapted: { base: BaseModel; adaptation: Adaptation; theta: Float32Array; cache: string },
  merged: { base: BaseModel; cache: string },
): Promise<LogitCheck> {
  const rows = prompts(adapted.base.config);
  const expected = await logitsOf(adapted.base, adapted.adaptation, adapted.theta, adapted.cache, rows);
  const actual = await logitsOf(merged.base, unadapted, new Float32Array(), merged.cache, rows);
  const { vocabulary } = adapted.base.config;
  const check = { maxDifference: 0, maxLogit: 0, positions: 0, sameTop: 0 };
  for (const [row, one] of expected.entries()) {
    const two = actual[row]!;
    for (let start = 0; start < one.length; start += vocabulary) {
      let [top, otherTop] = [start, start];
      for (let i = start; i < start + vocabulary; i++) {
        // Math.max returns NaN if a difference is NaN, so a NaN is not lost.
        check.maxDifference = Math.max(check.maxDifference, Math.abs(one[i]! - two[i]!));
        check.maxLogit = Math.max(check.maxLogit, Math.abs(one[i]!));
        if (one[i]! > one[top]!) top = i;
        if (two[i]! > two[otherTop]!) otherTop = i;
      }
      check.positions++;
      if (top === otherTop) check.sameTop++;
    }
  }
  return check;
}

async function logitsOf(
  base: BaseModel,
  adaptation: Adaptation,
  theta: Float32Array,
  cache: string,
  rows: number[][],
): Promise<Float32Array[]> {
  const model = await Logits.create({ base, adaptation, maxLength: rows[0]!.length, cache });
  try {
    const logits: Float32Array[] = [];
    for (const row of rows) logits.push(await model.run(theta, { ids: row }));
    return logits;
  } finally {
    await model.release();
  }
}
