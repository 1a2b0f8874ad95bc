import { z } from 'zod';
import { errorFacts } from './errorFacts.ts';
import { method } from './method.ts';
import { jobProgress } from './runEvents.ts';
import { settingValue, settingValues } from './settings.ts';
import { base, trainSettings } from './training.ts';
import { count, finite, id, json, MAX_TEXT, name, note, page, pageOf, path, ref, tags, time } from './values.ts';

/** An adapter of the catalog, or a PEFT folder. */
const adapterSource = { adapter: ref.optional(), adapterDir: path.optional() };
/** What a new adapter is called. */
const labels = { name: name.optional(), note: note.optional(), tags: tags.optional() };

/** What a job does and with what, by its kind. */
export const jobSpec = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('train'),
    settings: trainSettings,
    ...labels,
    /** Go on with the run in `settings.out`. */
    resume: z.boolean().optional(),
    /** The adapter this one succeeds. */
    parent: ref.optional(),
    /** Make the new adapter the active one of the job's user and project. */
    activate: z.boolean().optional(),
  }),
  z
    .object({ kind: z.literal('evaluate'), data: path, base: base.optional(), ...adapterSource })
    /** Settings of an evaluation by name, checked as those of a training run. */
    .catchall(settingValue.optional()),
  z.strictObject({ kind: z.literal('merge'), ...adapterSource, base: base.optional(), out: path }),
  z.strictObject({
    kind: z.literal('export'),
    ...adapterSource,
    base: base.optional(),
    /** A name that `adapters.exportFormats` lists. */
    format: z.string().max(100),
    /** The format's own options by name; each has a default. */
    options: settingValues.optional(),
    /** The option of this name, as jobs before version 0.2 gave it. */
    projection: z.boolean().optional(),
    out: path,
  }),
  z.strictObject({ kind: z.literal('import'), dir: path, base: base.optional(), ...labels }),
  z.strictObject({ kind: z.literal('download'), base }),
]);
export type JobSpec = z.infer<typeof jobSpec>;
export type JobKind = JobSpec['kind'];

/**
 * queued: waits for its turn, its dependencies, or memory. running. pausing, cancelling: asked to stop, still at work.
 * paused: stands at a checkpoint. succeeded, failed, cancelled: over.
 */
export const jobState = z.enum([
  'queued',
  'running',
  'pausing',
  'paused',
  'cancelling',
  'cancelled',
  'succeeded',
  'failed',
]);
export type JobState = z.infer<typeof jobState>;

export const attempt = z.object({
  number: count,
  startedAt: time,
  endedAt: time.nullable(),
  /** succeeded, failed, paused, cancelled, crashed (the worker died), lost (the daemon or the machine died); null while running. */
  outcome: z.enum(['succeeded', 'failed', 'paused', 'cancelled', 'crashed', 'lost']).nullable(),
  /** Why it ended, for people. */
  reason: z.string().nullable(),
});

export type Attempt = z.infer<typeof attempt>;

export const job = z.object({
  id,
  kind: z.enum(['train', 'evaluate', 'merge', 'export', 'import', 'download']),
  state: jobState,
  /** For people: 'Train VeRA on notes.jsonl'. */
  title: z.string(),
  /** Higher goes first. */
  priority: z.int(),
  spec: jobSpec,
  user: z.string(),
  /** Name of the project. */
  project: z.string().nullable(),
  /** The run of a training job. */
  run: id.nullable(),
  /** Jobs that have to succeed first. */
  needs: z.array(id),
  /** Why a queued job does not run yet: 'job 3 comes first', 'needs 2.1 GB of memory, 1.2 GB are free'. */
  waitingFor: z.string().nullable(),
  /** Preflight estimate. */
  memoryBytes: finite.nullable(),
  /** The latest that its worker sent; fields by kind. */
  progress: jobProgress,
  attempts: z.array(attempt),
  /** train, import: {adapter: id, dir?, ...the 'done' event}; evaluate: {objective, tokens, and each measure of the objective by name: loss, perplexity}; merge: {out, maxLogitDifference, check, uses}; export: {out, format, method, check?, uses}; download: {dir}. */
  result: json.nullable(),
  error: errorFacts.nullable(),
  createdAt: time,
  startedAt: time.nullable(),
  endedAt: time.nullable(),
});
export type Job = z.infer<typeof job>;

const one = z.strictObject({ job: id });

export const submit = method(
  'jobs.submit',
  'Puts a job into the queue. The answer comes when it is durable.',
  z.strictObject({
    spec: jobSpec,
    user: ref.optional(),
    /** By number or name, or the folder of a workspace, which becomes a project when it is none yet. */
    project: ref.optional(),
    workspace: path.optional(),
    priority: z.int().min(-100).max(100).default(0),
    needs: z.array(id).max(1000).default([]),
    /** A second submission with the same key is answered with the first one's job. */
    key: z.string().min(1).max(200).optional(),
  }),
  job,
  { repeatable: 'with a key' },
);
export const list = method(
  'jobs.list',
  'Lists jobs, the newest first.',
  z.strictObject({ states: z.array(jobState).optional(), kinds: z.array(job.shape.kind).optional(), ...page }),
  pageOf(job),
  { repeatable: true },
);
export const get = method('jobs.get', 'One job.', one, job, { repeatable: true });
export const cancel = method(
  'jobs.cancel',
  'Ends a job for good; what it has written stays until it is deleted.',
  one,
  job,
  { repeatable: false },
);
export const pause = method(
  'jobs.pause',
  'Stops a training job at a checkpoint, or holds back a queued one.',
  one,
  job,
  { repeatable: false },
);
export const resume = method(
  'jobs.resume',
  'Puts a paused job back into the queue; it goes on from its checkpoint.',
  one,
  job,
  { repeatable: false },
);
export const retry = method(
  'jobs.retry',
  'Puts a failed or cancelled job back into the queue; it goes on from its checkpoint.',
  one,
  job,
  { repeatable: false },
);
export const prioritise = method(
  'jobs.prioritise',
  'Changes the place of a job in the queue.',
  z.strictObject({ job: id, priority: z.int().min(-100).max(100) }),
  job,
  { repeatable: false },
);
export const plan = method(
  'jobs.plan',
  'What a job would cost, measured by a worker: the preflight estimate.',
  z.strictObject({ spec: jobSpec }),
  z.object({
    memoryBytes: finite,
    freeBytes: finite,
    totalBytes: finite,
    details: json,
    warning: z.string().max(MAX_TEXT).nullable(),
  }),
  { repeatable: true },
);
