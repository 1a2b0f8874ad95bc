// Slow: waits for real workers to measure memory.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ACTOR, openQueue, tinyModel, tinyTraining } from '../../test/queue.ts';
import { temporaryFolder } from '../../test/temporary.ts';

const root = temporaryFolder();
process.env['VERA_HOME'] = join(root, 'home');
const tiny = tinyModel(root);
const LONG = { steps: 100_000, evalEvery: 100_000 };

test('two jobs run at once if memory allows, one if the budget is for one, and none if it is for less', async () => {
  const wide = await openQueue(join(root, 'home'), { maxRunning: 2 });
  const bytes: number[] = [];
  try {
    const jobs = [await wide.submit(tinyTraining(tiny, LONG)), await wide.submit(tinyTraining(tiny, LONG))];
    for (const job of jobs) bytes.push((await wide.reached(job, 'running')).memoryBytes!);
    assert.deepEqual(wide.queue.counts(), { running: 2, queued: 0, paused: 0 });
    for (const job of jobs) await wide.queue.cancel({ job: job.id }, ACTOR);
    for (const job of jobs) await wide.reached(job, 'cancelled');
  } finally {
    await wide.close();
  }

  const narrow = await openQueue(join(root, 'home'), { maxRunning: 2, memoryBudgetBytes: 1.5 * bytes[0]! });
  try {
    const [first, second] = [await narrow.submit(tinyTraining(tiny, LONG)), await narrow.submit(tinyTraining(tiny))];
    await narrow.reached(first, 'running');
    for (;;) {
      const { state, waitingFor } = await narrow.reached(second, 'queued');
      assert.equal(state, 'queued');
      if (/needs \d+ MB of memory, \d+ MB are free/.test(waitingFor ?? '')) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await narrow.queue.cancel({ job: first.id }, ACTOR);
    await narrow.reached(second, 'succeeded');
  } finally {
    await narrow.close();
  }

  const tight = await openQueue(join(root, 'home'), { memoryBudgetBytes: 0.5 * bytes[0]! });
  try {
    const failed = await tight.reached(await tight.submit(tinyTraining(tiny)), 'failed');
    assert.match(
      failed.error!.message,
      /it needs \d+ MB of memory, more than the \d+ MB that jobs may take .* raise the budget/,
    );
  } finally {
    await tight.close();
  }
});
