import type { DataPosition } from './batchSource.ts';
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
  /** Evaluations since the best one. */
  sinceBest: number;
  metricsBytes: number;
  samplesBefore?: Sample[];
}

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
export function addEvaluation(progress: Progress, loss: number): boolean {
  progress.heldOutLoss = loss;
  progress.evaluatedAt = progress.step;
  if (progress.step === 0) {
    progress.baseLoss = loss;
    return false;
  }
  const better = progress.best === undefined || loss < progress.best.loss;
  progress.sinceBest = better ? 0 : progress.sinceBest + 1;
  if (better) progress.best = { step: progress.step, loss };
  return better;
}
