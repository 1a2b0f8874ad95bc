import assert from 'node:assert/strict';
import { test } from 'node:test';
import { add, temporaryCatalog } from '../../test/catalog.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { deleteJob } from '../jobs/actions.ts';
import { setState } from '../jobs/state.ts';
import { submitJob } from '../jobs/submit.ts';
import type { Job, JobSpec } from '../protocol/jobs.ts';
import { updateAdapter } from './adapters.ts';
import { listJobs, readJob } from './jobs.ts';
import type { Catalog } from './open.ts';
import { renameRun } from './runNames.ts';
import { deleteRun, restoreRun } from './runs.ts';

process.env['VERA_HOME'] = temporaryFolder();
const training = { kind: 'train', settings: { data: '/w/notes.jsonl', base: 'owner/model' } };
const submit = (catalog: Catalog, spec: JobSpec, workspace?: string): Promise<Job> =>
  catalog.change((change) =>
    submitJob(
      change,
      { spec, priority: 0, needs: [], key: undefined, ...(workspace === undefined ? {} : { workspace }) },
      'test',
    ),
  );
const end = (catalog: Catalog, job: Job, state: 'failed' | 'cancelled'): Promise<Job> =>
  catalog.change((change) => setState(change, job, state));
const listed = async (catalog: Catalog): Promise<number[]> =>
  (await listJobs(catalog.db, { limit: 50 })).items.map(({ id }) => id);

test('a run is called as the adapter that it will make, and no two under way are called the same', async () => {
  const catalog = await temporaryCatalog();
  await add(catalog, 'notes-vera-2');
  const [first, second] = [await submit(catalog, training), await submit(catalog, training)];
  assert.deepEqual([first.name, first.title], ['notes-vera', 'Train notes-vera']);
  assert.equal(second.name, 'notes-vera-3'); // an adapter is called notes-vera-2
  assert.equal((await submit(catalog, training, '/w/other')).name, 'notes-vera'); // another project
  assert.equal((await submit(catalog, { ...training, name: 'mine' })).name, 'mine');
  assert.equal((await submit(catalog, { ...training, name: 'mine' })).name, 'mine-2');
  await end(catalog, first, 'failed');
  assert.equal((await submit(catalog, training)).name, 'notes-vera'); // that of the run that failed is free again
});

test('a run is renamed before and after it made its adapter, and follows the adapter', async () => {
  const catalog = await temporaryCatalog();
  const job = await submit(catalog, training);
  const nameNow = async (): Promise<string | null> => (await readJob(catalog.db, job.id)).name;
  const rename = (name: string) => catalog.change((change) => renameRun(change, { run: job.run!, name }, 'test'));
  await rename('poems');
  assert.equal(await nameNow(), 'poems');
  const adapter = await add(catalog, 'poems', { runId: job.run });
  await rename('verses');
  assert.equal(await nameNow(), 'verses');
  await catalog.change((change) => updateAdapter(change, { adapter: adapter.id, name: 'lines' }, 'test'));
  assert.equal(await nameNow(), 'lines');
  await add(catalog, 'taken');
  await assert.rejects(rename('taken'), { code: 'conflict' });
});

test('a deleted run leaves the list of jobs and comes back; other jobs that are over can be deleted', async () => {
  const catalog = await temporaryCatalog();
  const run = await submit(catalog, training);
  const fetched = await submit(catalog, { kind: 'download', base: 'owner/model' });
  await assert.rejects(deleteJob(catalog, fetched.id, 'test'), { code: 'conflict', message: /cancel it first/ });
  for (const job of [run, fetched]) await end(catalog, job, 'cancelled');
  await assert.rejects(deleteJob(catalog, run.id, 'test'), { code: 'conflict', message: /delete run/ });
  await deleteJob(catalog, fetched.id, 'test');
  await assert.rejects(readJob(catalog.db, fetched.id), { code: 'missing' });
  assert.deepEqual(await listed(catalog), [run.id]);
  await catalog.change((change) => deleteRun(change, { run: run.run!, confirm: false }, 'test'));
  assert.deepEqual(await listed(catalog), []);
  await catalog.change((change) => restoreRun(change, run.run!, 'test'));
  assert.deepEqual(await listed(catalog), [run.id]);
});
