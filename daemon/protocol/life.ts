import { z } from 'zod';
import { method } from './method.ts';
import { count, finite, time } from './values.ts';

export const status = method(
  'daemon.status',
  'The state of the daemon and of its work.',
  z.strictObject({}),
  z.object({
    version: z.string(),
    protocol: count,
    pid: count,
    startedAt: time,
    /** It ends when its running jobs are done. */
    draining: z.boolean(),
    jobs: z.object({ running: count, queued: count, paused: count }),
    clients: count,
    memory: z.object({ rssBytes: finite, freeBytes: finite, totalBytes: finite, budgetBytes: finite }),
    /** When it ends because it has no work; null while it has some. */
    idleAt: time.nullable(),
    catalog: z.object({ file: z.string(), bytes: finite, schema: count, notes: z.array(z.string()) }),
    logs: z.string(),
  }),
  { repeatable: true },
);
export const stop = method(
  'daemon.stop',
  'Stops the daemon. Training jobs stop at a checkpoint, and every job continues when a daemon runs again.',
  z.strictObject({}),
  z.object({ jobs: count }),
  { repeatable: false },
);
export const drain = method(
  'daemon.drain',
  'Starts no more jobs and stops when the running ones are done, so that a daemon of another version can take over.',
  z.strictObject({}),
  z.object({ running: count }),
  { repeatable: false },
);
