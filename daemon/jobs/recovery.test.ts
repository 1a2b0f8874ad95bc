import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openQueue, tinyModel, tinyTraining } from '../../test/queue.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { beginAttempt, endAttempt, readJob, updateJob } from '../catalog/jobs.ts';
import { recover } from './recovery.ts';
import { MOST_LOST } from './states.ts';

test('a job that ran each time a daemon died, many times in a row, waits until it is resumed', async () => {
  const root = temporaryFolder();
  process.env['VERA_HOME'] = root;
  const open = await openQueue(root);
  const { catalog, queue } = open;
  try {
    await queue.stop();
    const { id } = await open.submit(tinyTraining(tinyModel(root)));
    const die = async (): Promise<string> => {
      await catalog.change(async ({ db, now }) => {
        await beginAttempt(db, id, now);
        await updateJob(db, id, { state: 'running' });
      });
      await recover(catalog);
      return (await readJob(catalog.db, id)).state;
    };
    for (let i = 1; i < MOST_LOST; i++) assert.equal(await die(), 'queued', `after ${i}`);
    // An attempt that ended in another way restarts the count.
    await catalog.change(async ({ db, now }) => {
      await beginAttempt(db, id, now);
      await endAttempt(db, id, 'paused', null, now);
    });
    for (let i = 1; i < MOST_LOST; i++) assert.equal(await die(), 'queued', `after ${i} more`);
    assert.equal(await die(), 'paused');
    const { attempts } = await readJob(catalog.db, id);
    assert.match(attempts.at(-1)?.reason ?? '', /10 times in a row: it waits until it is resumed/);
    assert.equal(await die(), 'paused');
  } finally {
    await open.close();
  }
});
