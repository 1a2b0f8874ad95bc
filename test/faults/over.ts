import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../../daemon/client/connect.ts';
import * as jobs from '../../daemon/protocol/jobs.ts';

const PATIENCE_MS = 120_000;

/** Waits for the end of a job, even if its daemon dies meanwhile. */
export async function over(client: Client, id: number): Promise<jobs.Job> {
  for (const until = performance.now() + PATIENCE_MS; ;) {
    const job = await client.call(jobs.get, { job: id }).catch(() => undefined);
    if (job && ['succeeded', 'failed', 'cancelled'].includes(job.state)) return job;
    assert.ok(performance.now() < until, `job ${id} is not over: ${JSON.stringify(job)}`);
    await sleep(25);
  }
}
