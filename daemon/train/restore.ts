import { quote } from '../formats/quote.ts';
import { VeraError } from '../protocol/errors.ts';
import { newestCheckpoint } from './checkpoint.ts';
import { identityDifference } from './identity.ts';
import type { Progress } from './progress.ts';

/** What a checkpoint holds. */
export interface Restored {
  readonly progress: Progress;
  readonly theta: Float32Array;
  /** Adam's moments, and how many steps it took. */
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  readonly optimizerSteps: number;
  readonly best: Float32Array | undefined;
  readonly step: number;
}

/**
 * The newest whole checkpoint in a folder; undefined if there is none yet. `size`: the number of trained values. Throws VeraError
 * 'usage' if it belongs to another run than `own`.
 */
export function restore(folder: string, own: string, size: number, note: (text: string) => void): Restored | undefined {
  const found = newestCheckpoint(folder, note);
  if (!found) {
    note('it was interrupted before its first checkpoint, so it starts from the beginning');
    return undefined;
  }
  const { identity, optimizerSteps, ...progress } = found.state as unknown as Progress & {
    identity: string;
    optimizerSteps: number;
  };
  const { theta, mean, variance, best } = found.vectors;
  const difference = identityDifference(identity, own);
  if (difference !== undefined || theta?.length !== size || mean?.length !== size || variance?.length !== size) {
    const why = difference ?? 'it has another number of trained values';
    throw new VeraError(
      'usage',
      `the checkpoint ${quote(found.file)} belongs to another base, dataset or settings: ${why}`,
    );
  }
  return { progress, theta, mean, variance, best, optimizerSteps, step: found.step };
}
