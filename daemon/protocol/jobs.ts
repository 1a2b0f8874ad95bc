import { z } from 'zod';
import { errorFacts } from './errorFacts.ts';
import { hubToken } from './hubToken.ts';
import { method } from './method.ts';
import { jobProgress } from './runEvents.ts';
import { count, finite, id, json, MAX_TEXT, page, pageOf, path, ref, time } from './values.ts';

/**
 * What a job does and with what. The daemon checks a spec as its kind has it: docs/protocol.md lists them. Types of the
 * specs are those that the files of `daemon/jobs/kinds/` export.
 */
export const jobSpec = z.looseObject({ kind: z.string().min(1).max(100) });
export type JobSpec = z.infer<typeof jobSpec>;

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
  /**
   * succeeded, failed, paused, cancelled, crashed (the worker died), lost (the daemon or the machine died); null while
   * running.
   */
  outcome: z.enum(['succeeded', 'failed', 'paused', 'cancelled', 'crashed', 'lost']).nullable(),
  /** Why it ended, for people. */
  reason: z.string().nullable(),
});

export type Attempt = z.infer<typeof attempt>;

export const job = z.object({
  id,
  kind: z.string(),
  state: jobState,
  /** What it does, for people: 'Train notes-vera'. */
  title: z.string(),
  /** What a training run is called: as its adapter, or as the adapter that it will make. null for other jobs. */
  name: z.string().nullable().default(null),
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
  /** Most memory it will take, by its plan. */
  memoryBytes: finite.nullable(),
  /** The latest that its worker sent; fields by kind. */
  progress: jobProgress,
  attempts: z.array(attempt),
  /** What it made; fields by kind. An adapter in the catalog is {adapter: id, name}. */
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
    /** By number or name, or the folder of a workspace, which becomes a project if it is not one yet. */
    project: ref.optional(),
    workspace: path.optional(),
    priority: z.int().min(-100).max(100).default(0),
    needs: z.array(id).max(1000).default([]),
    /** A second submission with the same key is answered with the first one's job. */
    key: z.string().min(1).max(200).optional(),
    /** For a base that is gated or private on the hub. */
    hubToken: hubToken.optional(),
  }),
  job,
  { repeatable: 'with a key' },
);
export const list = method(
  'jobs.list',
  'Lists jobs, the newest first.',
  z.strictObject({
    states: z.array(jobState).optional(),
    kinds: z.array(z.string().max(100)).max(100).optional(),
    ...page,
  }),
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
  'Puts a paused job back into the queue. It continues from its checkpoint.',
  one,
  job,
  { repeatable: false },
);
export const retry = method(
  'jobs.retry',
  'Puts a failed or cancelled job back into the queue. It continues from its checkpoint.',
  z.strictObject({ job: id, hubToken: hubToken.optional() }),
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
export const remove = method(
  'jobs.delete',
  'Takes a job that is over out of the lists. What it made stays. A training run is deleted with runs.delete.',
  one,
  z.object({}),
  { repeatable: false },
);

/** The plan of a job: its memory beside what the machine has, and what its kind says. */
export const jobPlan = z.object({
  memoryBytes: finite,
  /** By kind; for training as `plans.ts` has it. */
  details: json,
  /** Why it could not run, or not now. */
  warning: z.string().max(MAX_TEXT).nullable(),
});
/** A plan, or why the job would fail at once. */
export const planAnswer = z.union([jobPlan, z.object({ error: errorFacts })]);
export type PlanAnswer = z.infer<typeof planAnswer>;

const MAX_PLANS = 16; // presets and variations of one run; each is a graph that is built
export const plan = method(
  'jobs.plan',
  'What jobs would cost. One process plans them all: it reads each dataset once and, where that is not known, measures the machine once.',
  z.strictObject({
    specs: z.array(jobSpec).min(1).max(MAX_PLANS),
    /** Read the datasets too: a plan of training then says their rows and the steps they make. */
    read: z.boolean().default(true),
    hubToken: hubToken.optional(),
  }),
  z.object({ plans: z.array(planAnswer), freeBytes: finite, totalBytes: finite }),
  { repeatable: true, progress: z.object({ index: count, plan: planAnswer }) },
);
