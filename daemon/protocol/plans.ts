/** What `jobs.plan` tells of a training job in its `details`. */
import { z } from 'zod';
import { savings } from './panel.ts';
import { count, finite } from './values.ts';

export const trainPlan = z.object({
  trainableParameters: count,
  adaptedLayers: count,
  /** Of this machine, measured just now. */
  secondsPerStep: finite.optional(),
  /** Absent for a method that has none. */
  savings: savings.optional(),
  /** Absent while the base's tokenizer is not here yet. */
  data: z
    .object({
      /** 'JSONL, chat messages'. */
      format: z.string(),
      rows: count,
      heldOutRows: count,
      /** Rows that are left out because they are wrong. */
      skipped: count,
      /** The first of them: file, line and fault. */
      firstSkipped: z.string().nullable(),
      /** Optimizer steps there will be; with epochs an estimate. */
      steps: count,
    })
    .optional(),
});
export type TrainPlan = z.infer<typeof trainPlan>;
