/** A queue on a catalog of its own for tests, with a tiny model and rows to train on. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { z } from 'zod';
import { type Catalog, openCatalog } from '../daemon/catalog/open.ts';
import { createQueue, type Queue, type QueueOptions } from '../daemon/jobs/queue.ts';
import type { Event } from '../daemon/protocol/events.ts';
import type { TrainSpec } from '../daemon/jobs/kinds/train.ts';
import { type Job, type JobSpec, type JobState, submit } from '../daemon/protocol/jobs.ts';
import { writeTinyModel, writeTinyText } from './fixtures/train/tiny.ts';

export const ACTOR = 'test';

export interface TestQueue {
  readonly catalog: Catalog;
  readonly queue: Queue;
  /** Every event since it was opened. */
  readonly events: Event[];
  readonly submit: (spec: JobSpec, more?: Omit<z.input<(typeof submit)['params']>, 'spec'>) => Promise<Job>;
  /** Resolves when a job is in one of the states; fails after a minute. */
  readonly reached: (job: number | Job, ...states: JobState[]) => Promise<Job>;
  /** Resolves at the first event of a job's worker, from now on, that fits. */
  readonly told: (job: Job, fits: (event: Record<string, unknown>) => boolean) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Opens a queue on the catalog in a folder; it looks often, so that tests are quick. */
export async function openQueue(folder: string, options: Partial<QueueOptions> = {}): Promise<TestQueue> {
  const catalog = await openCatalog(join(folder, 'catalog', 'catalog.db'));
  const events: Event[] = [];
  catalog.onEvents((some) => void events.push(...some));
  const log = pino({ level: process.env['VERA_TEST_LOG'] ?? 'silent' });
  const queue = createQueue({
    ...{ catalog, log, maxRunning: 1, heartbeatMs: 100, pollMs: 50, retryMs: 20 },
    ...options,
  });
  await queue.start();
  return {
    ...{ catalog, queue, events },
    submit: (spec, more = {}) => queue.submit(submit.params.parse({ spec, ...more }), ACTOR),
    async reached(job, ...states) {
      const id = typeof job === 'number' ? job : job.id;
      for (const until = Date.now() + 60_000; ;) {
        const now = await queue.get({ job: id });
        if (states.includes(now.state)) return now;
        const over = ['failed', 'cancelled', 'succeeded'].includes(now.state);
        if (over || Date.now() > until)
          assert.fail(
            `job ${id} is ${now.state}, not ${states.join(' or ')}: ${JSON.stringify([now.error, now.waitingFor, now.attempts])}`,
          );
        await sleep(15);
      }
    },
    told: (job, fits) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          end();
          reject(new Error(`job ${job.id} has not told it in a minute`));
        }, 60_000);
        late.unref(); // nobody waits for it any more where the job's end was met first
        const end = catalog.onEvents((some) => {
          if (!some.some(({ body }) => body.type === 'worker' && body.job === job.id && fits(body.event))) return;
          end();
          clearTimeout(late);
          resolve();
        });
      }),
    async close() {
      await queue.stop();
      await catalog.close();
    },
  };
}

/** A model of some 30,000 weights and rows of text, in a folder. */
export const tinyModel = (folder: string): { base: string; data: string } => ({
  base: writeTinyModel(join(folder, 'tiny')),
  data: writeTinyText(join(folder, 'text.jsonl'), 80),
});

/** A quick training job. */
export const tinyTraining = (
  { base, data }: { base: string; data: string },
  settings: Partial<TrainSpec['settings']> = {},
): TrainSpec => ({
  kind: 'train',
  settings: {
    ...{
      data,
      base,
      length: 48,
      batch: 2,
      rank: 8,
      threads: 1,
      sampleTokens: 0,
      steps: 12,
      evalEvery: 6,
      heldOut: 0.1,
    },
    ...{ checkpointEvery: 4, dropout: 0.1 },
    ...settings,
  },
});
