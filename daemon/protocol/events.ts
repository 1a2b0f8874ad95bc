import { z } from 'zod';
import { job } from './jobs.ts';
import { method, notification } from './method.ts';
import { runEvent } from './runEvents.ts';
import { count, id, time } from './values.ts';

/**
 * What can be followed: 'jobs' (the state of every job), 'job/7' (everything about job 7: its state, steps, evaluations, samples,
 * notes), 'catalog' (what was created, changed or deleted).
 */
export const topic = z.union([
  z.literal('jobs'),
  z.literal('catalog'),
  z.templateLiteral(['job/', z.int().positive()]),
]);
export type Topic = z.infer<typeof topic>;

export const body = z.discriminatedUnion('type', [
  /** A job's new state. */
  z.object({ type: z.literal('job'), job }),
  /** What the worker of a job sent; for a training job the lines that `vera train --json` prints. */
  z.object({ type: z.literal('worker'), job: id, event: runEvent }),
  z.object({
    type: z.literal('catalog'),
    change: z.enum(['created', 'changed', 'deleted', 'restored', 'activated', 'purged']),
    kind: z.enum(['adapter', 'run', 'project', 'user', 'base', 'dataset', 'export', 'job']),
    id,
    name: z.string().nullable(),
  }),
]);
export type EventBody = z.infer<typeof body>;

/** Events are numbered from 1 in the order in which they became durable. A number never comes twice, also after a restart. */
export const event = z.object({ number: count, time, body });
export type Event = z.infer<typeof event>;

export const subscribe = method(
  'events.subscribe',
  'Follows topics: first every event after `after` (if given), then each new one, in order, each once. The result has the number after which events are sent. It is smaller than `after` if the catalog is another one, or an older copy.',
  z.strictObject({ topics: z.array(topic).min(1).max(100), after: count.optional() }),
  z.object({ subscription: id, number: count }),
  { repeatable: false },
);
export const unsubscribe = method(
  'events.unsubscribe',
  'Ends a subscription.',
  z.strictObject({ subscription: id }),
  z.object({}),
  { repeatable: false },
);

export const happened = notification(
  'events.happened',
  'Events of a subscription, in order.',
  z.object({ subscription: id, events: z.array(event) }),
);
export const unwritten = notification(
  'events.unwritten',
  "The state of a job that the disk refuses to write, because it is full. It has no number. The job's event follows when there is space.",
  z.object({ subscription: id, job }),
);
export const skipped = notification(
  'events.skipped',
  "The client was too slow, or the events are no longer stored: all events up to number `to` are left out. This is the latest state of the followed jobs; for 'jobs' of those that are not over and then of the newest, as many as fit.",
  z.object({ subscription: id, to: count, jobs: z.array(job) }),
);
