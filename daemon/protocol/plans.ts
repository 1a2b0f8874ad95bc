/** What `jobs.plan` answers with for a training job in its `details`, and what the daemon knows of its machine for that. */
import { z } from 'zod';
import { savings } from './panel.ts';
import { count, finite, time } from './values.ts';

/** As `RunTime` (runTime.ts) explains them, in seconds. */
const runTime = z.object({
  ...{ base: finite, data: finite, copies: finite, evaluation: finite, evalEvery: count.nullable() },
  ...{ samples: finite, graphs: finite, step: finite, end: finite },
});

export const trainPlan = z.object({
  trainableParameters: count,
  adaptedLayers: count,
  /** Input tokens that a step takes in at most. */
  tokensPerStep: count.optional(),
  /** At the rates that were measured on this machine, for batches as the data makes them. */
  secondsPerStep: finite.optional(),
  /** How long its phases take. `runSeconds` (protocol/runTime.ts) makes the time of a run of it. */
  time: runTime.optional(),
  /** The weight format, and why it is this one where the choice was left to the program. */
  weights: z.object({ precision: z.string(), why: z.string().optional() }).optional(),
  /** Absent for a method that has none. */
  savings: savings.optional(),
  /** Absent while the base's tokenizer is not here yet, and where no data was to be read. */
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
      /** Rows that the data mark as not to be learned. */
      leftOut: count.optional(),
      /** What a person should know about the rows: what is left out, cut off or not used, and what to do. */
      notes: z.array(z.string()).optional(),
      /** Optimizer steps there will be; with epochs an estimate. */
      steps: count,
    })
    .optional(),
});
export type TrainPlan = z.infer<typeof trainPlan>;

/** What a machine does a second, and what that was measured with and when. */
export const machineRates = z.object({
  /** '8 x Some Processor'. */
  processor: z.string(),
  /** Of the program. */
  version: z.string(),
  threads: count,
  /** The weight format. */
  format: z.string(),
  measuredAt: time,
  /** Multiplications and additions of products, by the type of the numbers. */
  operations: z.record(z.string(), finite),
  /** Bytes that an element-wise operator reads and writes. */
  trafficBytes: finite,
});
export type MachineRates = z.infer<typeof machineRates>;
