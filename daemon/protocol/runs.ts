import { z } from 'zod';
import { adapter, dependent } from './adapters.ts';
import { completionReport } from './completionReport.ts';
import { method } from './method.ts';
import { each, METRIC_NAMES } from './metrics.ts';
import { sample } from './panel.ts';
import { heldOutRow } from './trial.ts';
import { verdict } from './verdict.ts';
import { count, finite, id, json, name, page, pageOf, path, ref, time } from './values.ts';

export const run = z.object({
  id,
  job: id.nullable(),
  /** running until its job is over, then how the job ended. */
  state: z.enum(['running', 'succeeded', 'failed', 'cancelled']),
  user: z.string(),
  project: z.string().nullable(),
  base: z.object({ id, name: z.string() }).nullable(),
  dataset: z.object({ id, path: z.string(), hash: z.string() }).nullable(),
  /** Every setting, complete. */
  settings: json,
  /** Folder with its checkpoints. */
  out: z.string(),
  step: count,
  steps: count.nullable(),
  trainLoss: finite.nullable(),
  heldOutLoss: finite.nullable(),
  baseHeldOutLoss: finite.nullable(),
  /** The 'report' and 'done' events. */
  report: json.nullable(),
  adapter: id.nullable(),
  /** Whether it made the model better, in a sentence for people; null until it has ended well. */
  verdict: verdict.nullable(),
  createdAt: time,
  endedAt: time.nullable(),
  deletedAt: time.nullable(),
});
export type RunRow = z.infer<typeof run>;

/** One step or evaluation; null where it was not measured. */
export const metric = z.object({ step: count, ...each(METRIC_NAMES, () => finite.nullable()) });

export const list = method(
  'runs.list',
  'Lists runs, the newest first.',
  z.strictObject({
    project: ref.optional(),
    user: ref.optional(),
    /** The folder with its checkpoints. */
    out: path.optional(),
    deleted: z.boolean().default(false),
    ...page,
  }),
  pageOf(run),
  { repeatable: true },
);
export const get = method(
  'runs.get',
  'One run, with its adapter.',
  z.strictObject({ run: id }),
  z.object({ run, adapter: adapter.nullable() }),
  { repeatable: true },
);
export const metrics = method(
  'runs.metrics',
  'Steps and evaluations of a run, by step.',
  z.strictObject({ run: id, after: count.optional(), limit: z.int().min(1).max(10_000).default(10_000) }),
  z.object({ metrics: z.array(metric), more: z.boolean() }),
  { repeatable: true },
);
export const samples = method(
  'runs.samples',
  'The text that the model wrote after each prompt, before and after training.',
  z.strictObject({ run: id }),
  z.object({ samples: z.array(sample) }),
  { repeatable: true },
);
export const heldOut = method(
  'runs.heldOut',
  'Held-out rows of a run, read from its dataset as that is now: what comes before the answer, and the answer.',
  z.strictObject({ run: id, from: count.default(0), limit: z.int().min(1).max(50).default(20) }),
  /** Rows without a question to answer are left out, so there may be fewer than `limit`. */
  z.object({ rows: z.array(heldOutRow), total: count }),
  { repeatable: true },
);
export const completions = method(
  'runs.completions',
  'The newest evaluation of inline completions with the adapter of a run.',
  z.strictObject({ run: id }),
  z.object({
    evaluation: z.object({ job: id, endedAt: time.nullable(), report: completionReport }).nullable(),
  }),
  { repeatable: true },
);
export const update = method(
  'runs.update',
  'Renames a run: its adapter, or the adapter that it will make.',
  z.strictObject({ run: id, name }),
  run,
  { repeatable: false },
);

export const remove = method(
  'runs.delete',
  "Puts a run into the trash for thirty days. Refused with 'dependents' while adapters came from it, unless confirmed.",
  z.strictObject({ run: id, confirm: z.boolean().default(false) }),
  z.object({ run, dependents: z.array(dependent), purgedAt: time }),
  { repeatable: false },
);
export const restore = method('runs.restore', 'Takes a run out of the trash.', z.strictObject({ run: id }), run, {
  repeatable: false,
});
