import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { add, temporaryCatalog } from '../../test/catalog.ts';
import { METHODS } from '../protocol/registry.ts';
import type { Metric } from '../protocol/metrics.ts';
import { addMetrics, runMetrics } from './metrics.ts';
import { ensureUser, projectOfFolder } from './owners.ts';
import * as records from './records.ts';
import * as runs from './runs.ts';

const metric = (step: number, values: Partial<Metric> = {}): Metric => ({
  ...{ step, epoch: null, loss: null, heldOutLoss: null, learningRate: null, gradientNorm: null, tokens: null },
  ...{ tokensPerSecond: null, accuracy: null },
  ...values,
});

test('a run from its beginning to its end, with base, data, settings and figures', async () => {
  const catalog = await temporaryCatalog();
  const id = await catalog.change(async (change) => {
    const userId = await ensureUser(change, 'ann');
    const projectId = await projectOfFolder(change, '/w/poems');
    return runs.createRun(change, {
      jobId: null,
      userId,
      projectId,
      settings: { rank: 4 },
      out: '/w/out',
      actor: 'test',
    });
  });
  const facts: runs.RunFacts = {
    base: { fingerprint: 'ef'.repeat(32), spec: '/models/small.gguf', architecture: 'llama' },
    dataset: { hash: 'cd'.repeat(32), path: '/w/poems/notes.jsonl', format: 'chat', rows: 7 },
    steps: 20,
  };
  await catalog.change((change) => runs.describeRun(change, id, facts));
  await catalog.change(async (change) => {
    await runs.runProgress(change, id, { step: 3 });
    await addMetrics(change, id, [metric(1, { loss: 3 }), metric(2, { loss: 2.5, tokens: 9 }), metric(3, { loss: 2 })]);
  });
  // A resumed run says some steps again; an evaluation adds to its step.
  await catalog.change((change) =>
    addMetrics(change, id, [metric(2, { loss: 2.5 }), metric(3, { heldOutLoss: 4 }), metric(9)]),
  );
  const { metrics, more } = await runMetrics(catalog.db, { run: id, after: 1, limit: 2 });
  assert.deepEqual(metrics, [metric(2, { loss: 2.5, tokens: 9 }), metric(3, { loss: 2, heldOutLoss: 4 })]);
  assert.equal(more, true);
  await assert.rejects(runMetrics(catalog.db, { run: 99, limit: 2 }), { code: 'missing' });
  await assert.rejects(
    catalog.change((change) => runs.deleteRun(change, { run: id, confirm: true }, 'test')),
    { code: 'conflict', message: /under way/ },
  );
  const end = { state: 'succeeded', step: 20, trainLoss: 1.25, heldOutLoss: NaN, report: { fine: true } } as const;
  await catalog.change((change) => runs.finishRun(change, id, end));
  const adapter = await add(catalog, 'made', { runId: id });
  const got = await runs.getRun(catalog.db, id);
  METHODS.get('runs.get')!.result.parse(got);
  assert.deepEqual(got.adapter, adapter);
  const { run } = got;
  assert.deepEqual(
    [
      run.state,
      run.step,
      run.steps,
      run.trainLoss,
      run.heldOutLoss,
      run.report,
      run.project,
      run.base?.name,
      run.dataset?.path,
    ],
    ['succeeded', 20, 20, 1.25, null, { fine: true }, 'poems', 'small.gguf', '/w/poems/notes.jsonl'],
  );
  const page = await runs.listRuns(catalog.db, { limit: 5, deleted: false, project: 'poems', user: 'ann' });
  assert.deepEqual(page.items, [run]);
  const runsIn = async (out: string): Promise<number[]> =>
    (await runs.listRuns(catalog.db, { limit: 5, deleted: false, out })).items.map((one) => one.id);
  assert.deepEqual([await runsIn('/w/out'), await runsIn('/w/other')], [[id], []]);

  const remove = (confirm: boolean) => catalog.change((change) => runs.deleteRun(change, { run: id, confirm }, 'test'));
  await assert.rejects(remove(false), { code: 'dependents', message: /adapter "made", which came from it/ });
  METHODS.get('runs.delete')!.result.parse(await remove(true));
  await assert.rejects(remove(true), { code: 'conflict' });
  assert.deepEqual((await runs.listRuns(catalog.db, { limit: 5, deleted: false })).items, []);
  assert.equal((await catalog.change((change) => runs.restoreRun(change, id, 'test'))).deletedAt, null);
});

test('bases and datasets are one row each, the latest used first; exports and the audit trail tell who did what', async () => {
  const catalog = await temporaryCatalog();
  for (const i of [0, 1, 2, 0]) {
    await catalog.change((change) =>
      records.ensureDataset(change, { hash: `${i}`.repeat(64), path: `/w/${i}`, rows: i }),
    );
    await setTimeout(2); // uses are told apart by the millisecond
  }
  const pages: string[] = [];
  for (let after: string | undefined; ;) {
    const page = await records.listDatasets(catalog.db, { limit: 2, ...(after === undefined ? {} : { after }) });
    METHODS.get('datasets.list')!.result.parse(page);
    pages.push(...page.items.map(({ path }) => path));
    if (page.next === undefined) break;
    after = page.next;
  }
  assert.deepEqual([pages.length, new Set(pages).size, pages[0]], [3, 3, '/w/0']);
  const adapter = await add(catalog, 'one');
  await add(catalog, 'two');
  METHODS.get('bases.list')!.result.parse(await records.listBases(catalog.db, { limit: 5 }));
  assert.equal((await records.listBases(catalog.db, { limit: 5 })).items.length, 1);
  await catalog.change((change) =>
    records.addExport(change, { adapterId: adapter.id, kind: 'peft', path: '/w/x', details: { a: 1 }, actor: 'ann' }),
  );
  const exported = await records.listExports(catalog.db, { limit: 5, adapter: adapter.id });
  METHODS.get('exports.list')!.result.parse(exported);
  assert.deepEqual(exported.items[0]!.details, { a: 1 });
  const audit = await records.listAudit(catalog.db, { limit: 2, kind: 'adapter' });
  METHODS.get('audit.list')!.result.parse(audit);
  assert.deepEqual(audit.items.map(({ details }) => details['name']), ['two', 'one']); // prettier-ignore
  assert.equal((await records.listAudit(catalog.db, { limit: 5, kind: 'export' })).items[0]!.actor, 'ann');
});
