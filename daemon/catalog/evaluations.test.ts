import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryCatalog } from '../../test/catalog.ts';
import { store } from '../../test/served.ts';
import { insertJob } from './jobs.ts';
import { newestEvaluation } from './evaluations.ts';
import { ensureUser } from './owners.ts';
import { createRun } from './runs.ts';

const figures = { exactMatch: 0.2, editSimilarity: 0.5, kept: 0.4 };
const report = (cases: number) => ({
  ...{ data: '/code', base: '/base', precision: 'int8', seed: 0, cases, lines: cases, blocks: 0, files: 2, leftOut: 0 },
  ...{ repeated: 0, fillInTheMiddle: true, notes: [], differences: [] },
  sides: [{ name: 'base', adapter: null, method: null, empty: 0, figures }],
  suggestions: [],
});

test('the newest evaluation that succeeded with an adapter of the run, without the texts', async () => {
  const catalog = await temporaryCatalog();
  const { id } = await store(catalog, 'notes', 1);
  const run = await catalog.change(async (change) => {
    const userId = await ensureUser(change);
    const made = await createRun(change, {
      ...{ jobId: null, userId, projectId: null, settings: {}, out: '' },
      actor: 'test',
    });
    await change.db.updateTable('adapter').set({ run_id: made }).where('id', '=', id).execute();
    return made;
  });
  assert.deepEqual(await newestEvaluation(catalog.db, run), { evaluation: null });
  const evaluated = (adapters: number[], result: object, state: string): Promise<number> =>
    catalog.change(async (change) => {
      const userId = await ensureUser(change);
      const spec = { kind: 'completion', data: '/code', adapters };
      const about = {
        kind: 'completion',
        title: 'Evaluate',
        priority: 0,
        spec,
        userId,
        projectId: null,
        key: undefined,
      };
      const job = await insertJob(change.db, { ...about, needs: [] }, change.now);
      const values = { state, result: JSON.stringify(result), ended_at: 5 };
      await change.db.updateTable('job').set(values).where('id', '=', job).execute();
      return job;
    });
  await evaluated([id], report(40), 'succeeded');
  const newest = await evaluated([id + 1, id], report(60), 'succeeded');
  await evaluated([id + 1], report(80), 'succeeded');
  await evaluated([id], report(90), 'failed');
  const { evaluation } = await newestEvaluation(catalog.db, run);
  assert.deepEqual([evaluation?.job, evaluation?.endedAt, evaluation?.report.cases], [newest, 5, 60]);
  assert.equal('suggestions' in evaluation!.report, false);
  assert.deepEqual(await newestEvaluation(catalog.db, run + 1), { evaluation: null });
  await evaluated([id], { of: 'another version' }, 'succeeded');
  assert.deepEqual(await newestEvaluation(catalog.db, run), { evaluation: null });
  await catalog.close();
});
