import { seededUniform } from '../methods/random.ts';
import type { Adaptation } from '../models/adaptation.ts';
import { unadapted } from '../models/adaptation.ts';
import type { BaseModel } from '../models/base.ts';
import { Logits } from '../serve/logits.ts';

/** How far a merged model is from its base with the adapter on it, in fp32. */
export interface LogitCheck {
  /** largest absolute difference of any logit */
  readonly maxDifference: number;
  /** largest absolute logit, which gives that difference its scale */
  readonly maxLogit: number;
  /** positions compared, and those of them where both find the same token the most likely */
  readonly positions: number;
  readonly sameTop: number;
}

/** Random tokens meet every part of the vocabulary and are harder than text: their hidden states lie further apart. */
const ROWS = 4;
const LENGTH = 24;

/** Rows of token ids that are the same for every model of a vocabulary. */
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
 * Runs both models on the same prompts. `adapted`: the base with its adapter; `merged`: the folder with the weights changed.
 * One is loaded after the other, and the caches of transformed weights are those given.
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
        // NaN is larger than any difference: Math.max hands it on.
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
