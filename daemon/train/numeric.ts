import { quote } from '../formats/quote.ts';
import { readFloats } from '../formats/safetensors.ts';
import type { BaseModel } from '../models/base.ts';
import { VeraError } from '../protocol/errors.ts';
import { dropCheckpoint, listCheckpoints } from './checkpoint.ts';

export interface Failure {
  /** What stops the run. */
  readonly fault:
    | 'the loss is not finite'
    | 'the held-out loss is not finite'
    | 'the gradient is not finite'
    | 'the gradient is zero everywhere';
  /** Number of optimizer steps before this one. */
  readonly step: number;
  readonly learningRate: number;
  readonly out: string;
  readonly checkpoints: string;
}

/**
 * The error for a loss or gradient that is not finite, or for a gradient that is zero everywhere. Most overflows show as zeros,
 * because a norm whose squares overflow gives zeros. The checkpoint of this very step has the parameters that failed, so it is
 * removed. After the newest remaining checkpoint, a step succeeded.
 */
export function numericFailure({ fault, step, learningRate, out, checkpoints }: Failure, base: BaseModel): VeraError {
  const failed = listCheckpoints(checkpoints).find((one) => one.step === step);
  if (failed) dropCheckpoint(checkpoints, failed.file);
  const good = listCheckpoints(checkpoints)[0];
  if (step === 0) {
    const tensor = brokenTensor(base);
    const why =
      tensor === undefined
        ? 'its weights are finite, so values overflow, or with these settings nothing can be learned'
        : `tensor ${quote(tensor)} holds values that are not finite; fetch the model again`;
    return new VeraError(
      'numeric',
      `${fault} on the base model ${quote(base.dir)}, before anything was learned: ${why}`,
    );
  }
  const from =
    good === undefined
      ? 'there is no good checkpoint'
      : `stopped at the last good checkpoint, step ${good.step}, ${good.file}`;
  const next =
    good === undefined ? 'train again with a lower learning rate' : 'resume from it with a lower learning rate';
  const lr = Number((learningRate / 10).toPrecision(2));
  return new VeraError(
    'numeric',
    `${fault} at step ${step + 1} (learning rate ${Number(learningRate.toPrecision(3))}); ${from}; ${next}`,
    good === undefined ? { settings: ['lr'] } : { remedy: { do: 'resume', folder: out, lr } },
  );
}

/** The first tensor of the base with a value that is not finite. */
function brokenTensor(base: BaseModel): string | undefined {
  for (const entry of base.tensors.values()) {
    if (/^(F|BF)/.test(entry.dtype) && !readFloats(entry).every(Number.isFinite)) return entry.name;
  }
  return undefined;
}
