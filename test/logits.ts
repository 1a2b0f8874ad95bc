/** Computes the logits of every position with the forward pass that training uses, for tests. */
import { type Adaptation, unadapted } from '../daemon/models/adaptation.ts';
import type { BaseModel } from '../daemon/models/base.ts';
import { Logits, type Row } from '../daemon/serve/logits.ts';

export interface Forward {
  readonly base: BaseModel;
  readonly cache: string;
  readonly adaptation?: Adaptation;
  readonly theta?: Float32Array;
  readonly precision?: string;
  readonly tokens?: number;
}

/** The logits of each row, [tokens, vocabulary] row-major. */
export async function logits(options: Forward, rows: readonly Row[]): Promise<Float32Array[]> {
  const { base, cache, adaptation = unadapted, theta = new Float32Array(), precision, tokens = 1 } = options;
  const maxLength = Math.max(...rows.map(({ ids }) => ids.length));
  const format = precision === undefined ? {} : { precision };
  const model = await Logits.create({
    ...{ base, adaptation, maxLength, tokens, cache, session: { threads: 1 } },
    ...format,
  });
  const out: Float32Array[] = [];
  for (const row of rows) out.push(await model.run(theta, row));
  await model.release();
  return out;
}

/** The largest absolute difference of two vectors of one length. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    // NaN counts as an infinite difference.
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
  }
  return largest;
}

/** The cosine of the angle between two vectors. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return ab / Math.sqrt(aa * bb);
}
