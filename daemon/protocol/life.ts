import { z } from 'zod';
import { method } from './method.ts';
import { count, finite, time } from './values.ts';

export const status = method(
  'daemon.status',
  'What the daemon is and has in hand.',
  z.strictObject({}),
  z.object({
    version: z.string(),
    protocol: count,
    pid: count,
    startedAt: time,
    /** Running, and ends when what is in hand is done. */
    draining: z.boolean(),
    jobs: z.object({ running: count, queued: count, paused: count }),
    clients: count,
    memory: z.object({ rssBytes: finite, freeBytes: finite, totalBytes: finite, budgetBytes: finite }),
    /** When it ends for lack of work; null while there is some. */
    idleAt: time.nullable(),
    catalog: z.object({ file: z.string(), bytes: finite, schema: count, notes: z.array(z.string()) }),
    logs: z.string(),
  }),
  { repeatable: true },
);
export const stop = method(
  'daemon.stop',
  'Ends the daemon: training jobs go to a checkpoint, and every job goes on when a daemon runs again.',
  z.strictObject({}),
  z.object({ jobs: count }),
  { repeatable: false },
);
export const drain = method(
  'daemon.drain',
  'Starts no more jobs and ends when the running ones are done, for a daemon of another version to take over.',
  z.strictObject({}),
  z.object({ running: count }),
  { repeatable: false },
);
