import type { DataPosition } from './batchSource.ts';
import type { Evaluation, LossPart } from './evaluate.ts';
import type { Sample } from './samples.ts';

/** The progress of a run. A checkpoint holds it and the vectors (theta, moments, best). Plain JSON; changed in place. */
export interface Progress {
  /** Number of optimizer steps so far. */
  step: number;
  position: DataPosition;
  /** Number of input tokens so far, and the time that their steps took. */
  tokens: number;
  seconds: number;
  peakRssBytes: number;
  /** Losses of the last steps, newest last. */
  losses: number[];
  /** Held-out losses: that of the base, and the last one. Null without held-out rows. */
  baseLoss: number | null;
  heldOutLoss: number | null;
  /** Step of the last evaluation; -1 before the first. */
  evaluatedAt: number;
  best?: { step: number; loss: number };
  /** The evaluations of the base and of the best step, batch by batch; absent in checkpoints of earlier versions. */
  judged?: { base?: Judged; best?: Judged };
  /** Evaluations since the best one. */
  sinceBest: number;
  metricsBytes: number;
  samplesBefore?: Sample[];
}

type Judged = { accuracy: number | null; parts: readonly LossPart[] };

/** The mean loss of so many last steps is the training loss of a run, because a single step says little. */
const AVERAGED = 10;

export const firstProgress = (): Progress => ({
  step: 0,
  position: { epoch: 0 },
  tokens: 0,
  seconds: 0,
  peakRssBytes: 0,
  losses: [],
  baseLoss: null,
  heldOutLoss: null,
  evaluatedAt: -1,
  sinceBest: 0,
  metricsBytes: 0,
});

/** Records the loss of a step. */
export function addLoss(progress: Progress, loss: number): void {
  progress.losses = [...progress.losses, loss].slice(-AVERAGED);
}

/** Mean loss of the last (at most ten) steps; null before the first. */
export const trainLoss = ({ losses }: Progress): number | null =>
  losses.length === 0 ? null : losses.reduce((a, b) => a + b, 0) / losses.length;

/** Records a held-out loss. True if it is the best since training began. */
export function addEvaluation(progress: Progress, { loss, accuracy, parts }: Evaluation): boolean {
  const judged = { accuracy: accuracy ?? null, parts };
  progress.heldOutLoss = loss;
  progress.evaluatedAt = progress.step;
  if (progress.step === 0) {
    progress.baseLoss = loss;
    progress.judged = { base: judged };
    return false;
  }
  const better = progress.best === undefined || loss < progress.best.loss;
  progress.sinceBest = better ? 0 : progress.sinceBest + 1;
  if (better) {
    progress.best = { step: progress.step, loss };
    progress.judged = { ...progress.judged, best: judged };
  }
  return better;
}

/** From so few batches, nothing can be said about how much the loss changes by chance. */
const LEAST_PARTS = 4;

/**
 * What is known of the held-out rows at the end of a run, beside the losses. `lossNoise`: the standard error of the difference between the two
 * losses, from the differences of the same batches (a ratio estimator); null if there are too few.
 */
export function heldOutFigures({ judged: { base, best } = {} }: Progress): {
  accuracy: number | null;
  baseAccuracy: number | null;
  lossNoise: number | null;
  heldOutTokens: number;
} {
  const tokens = (base?.parts ?? []).reduce((sum, [, count]) => sum + count, 0);
  return {
    ...{ accuracy: best?.accuracy ?? null, baseAccuracy: base?.accuracy ?? null, heldOutTokens: tokens },
    lossNoise: base && best ? noiseOf(base.parts, best.parts) : null,
  };
}

function noiseOf(before: readonly LossPart[], after: readonly LossPart[]): number | null {
  const count = before.length;
  if (count < LEAST_PARTS || after.length !== count) return null;
  const pairs = before.map(([loss, tokens], i) => ({ change: after[i]![0] - loss, tokens }));
  const tokens = pairs.reduce((sum, pair) => sum + pair.tokens, 0);
  const mean = pairs.reduce((sum, { change }) => sum + change, 0) / tokens;
  const squares = pairs.reduce((sum, pair) => sum + (pair.change - mean * pair.tokens) ** 2, 0);
  return Math.sqrt((squares * count) / (count - 1)) / tokens;
}
