import { z } from 'zod';
import { isHubId } from './hubId.ts';
import { finite, MAX_TEXT, path } from './values.ts';

/** The absolute path of a folder or file, or a hub id: what a relative path is relative to, a daemon cannot know. */
export const base = z
  .string()
  .min(1)
  .max(4096)
  .refine((text) => path.safeParse(text).success || isHubId(text), {
    error: 'a base is an absolute path or a hub id such as HuggingFaceTB/SmolLM2-135M',
  });
const whole = z.int().nonnegative();

/** Settings of a training run as a user gives them; what is left out takes the trainer's defaults, which also check ranges. */
export const trainSettings = z.strictObject({
  data: path,
  base,
  /** The folder that becomes the adapter; left out, one in the daemon's state. */
  out: path.optional(),
  method: z.enum(['vera', 'lora', 'full']).optional(),
  rank: whole.optional(),
  alpha: finite.optional(),
  dropout: finite.optional(),
  projectionKey: whole.optional(),
  dInitial: finite.optional(),
  targets: z.string().max(MAX_TEXT).optional(),
  layers: z.string().max(MAX_TEXT).optional(),
  precision: z.enum(['fp32', 'int8']).optional(),
  steps: whole.optional(),
  epochs: whole.optional(),
  batch: whole.optional(),
  length: whole.optional(),
  accumulate: whole.optional(),
  packing: z.enum(['pack', 'bucket', 'none']).optional(),
  lossOn: z.enum(['answer', 'all']).optional(),
  onBadRow: z.enum(['error', 'skip']).optional(),
  format: z.string().max(100).optional(),
  fimRate: finite.optional(),
  maxExamples: whole.optional(),
  lr: finite.optional(),
  lrB: finite.optional(),
  lrD: finite.optional(),
  lrHead: finite.optional(),
  schedule: z.enum(['constant', 'linear', 'cosine']).optional(),
  warmup: whole.optional(),
  weightDecay: finite.optional(),
  beta1: finite.optional(),
  beta2: finite.optional(),
  epsilon: finite.optional(),
  clip: finite.optional(),
  seed: whole.optional(),
  heldOut: finite.optional(),
  evalEvery: whole.optional(),
  evalBatches: whole.optional(),
  patience: whole.optional(),
  checkpointEvery: whole.optional(),
  samplePrompts: z.array(z.string().max(MAX_TEXT)).max(32).optional(),
  sampleTokens: whole.optional(),
  projection: z.boolean().optional(),
  threads: whole.optional(),
});
