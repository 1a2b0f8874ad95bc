import { quote } from '../formats/quote.ts';
import { readFloats } from '../formats/safetensors.ts';
import type { BaseModel } from '../models/base.ts';
import { VeraError } from '../protocol/errors.ts';
import { dropCheckpoint, listCheckpoints } from './checkpoint.ts';

export interface Failure {
  /** What is not finite: 'loss', 'gradient', 'held-out loss'. */
  readonly what: string;
  /** Optimizer steps taken before. */
  readonly step: number;
  readonly learningRate: number;
  readonly out: string;
  readonly checkpoints: string;
}

/**
 * The error of a loss or gradient that is not finite. The checkpoint of this very step holds the parameters that failed, so
 * it is removed: the newest that is left was followed by a step that went well.
 */
export function numericFailure({ what, step, learningRate, out, checkpoints }: Failure, base: BaseModel): VeraError {
  const failed = listCheckpoints(checkpoints).find((one) => one.step === step);
  if (failed) dropCheckpoint(checkpoints, failed.file);
  const good = listCheckpoints(checkpoints)[0];
  if (step === 0) {
    const tensor = brokenTensor(base);
    const why = tensor === undefined ? 'its weights are finite, so they overflow on this data' : `tensor ${quote(tensor)} of it holds values that are not; fetch the model again`;
    return new VeraError('numeric', `the ${what} of the base model ${quote(base.dir)} is not finite before anything was learned: ${why}`);
  }
  const from = good === undefined ? 'there is no good checkpoint' : `stopped at the last good checkpoint, step ${good.step}, ${good.file}`;
  const next = good === undefined ? 'train again with a lower --lr' : `go on from it with a lower rate: vera train --resume ${out} --lr ${Number((learningRate / 10).toPrecision(2))}`;
  return new VeraError('numeric', `the ${what} is not finite at step ${step + 1} (learning rate ${Number(learningRate.toPrecision(3))}); ${from}; ${next}`);
}

/** The first tensor of the base with a value that is not finite. */
function brokenTensor(base: BaseModel): string | undefined {
  for (const entry of base.tensors.values()) {
    if (/^(F|BF)/.test(entry.dtype) && !readFloats(entry).every(Number.isFinite)) return entry.name;
  }
  return undefined;
}
