import assert from 'node:assert/strict';
import { test } from 'node:test';
import { add, ownFrozen, someContent, temporaryCatalog } from '../../test/catalog.ts';
import { deleteAdapter, listAdapters, restoreAdapter } from './adapters.ts';
import type { Catalog } from './open.ts';
import { createProject, createUser, deleteProject, deleteUser, restoreProject } from './owners.ts';
import { createRun, deleteRun, finishRun } from './runs.ts';
import { DAY, purgeTrash } from './trash.ts';
import type { Purged } from './trash.ts';

const remove = (catalog: Catalog, adapter: number) =>
  catalog.change((change) => deleteAdapter(change, { adapter, confirm: true }, 'test'));

/** Days of ordinary use from now on, with the purge run twice a day. */
async function days(catalog: Catalog, count: number, from = Date.now()): Promise<number[]> {
  const gone: number[] = [];
  for (let i = 0; i <= 2 * count; i++) gone.push(...(await purgeTrash(catalog, from + (i * DAY) / 2)).adapters);
  return gone;
}

test('what was deleted is there for thirty days, and gone then', async () => {
  const catalog = await temporaryCatalog();
  const parent = await add(catalog, 'parent', {}, someContent(1, { frozen: ownFrozen() }));
  const child = await add(catalog, 'child', { parentId: parent.id });
  await remove(catalog, parent.id);
  assert.deepEqual(await days(catalog, 29), []);
  assert.equal((await catalog.change((change) => restoreAdapter(change, parent.id, 'test'))).name, 'parent');
  await remove(catalog, parent.id);
  assert.deepEqual(await days(catalog, 28, Date.now() + 30 * DAY), []);
  assert.deepEqual(await days(catalog, 3, Date.now() + 60 * DAY), [parent.id]);
  assert.equal((await catalog.db.selectFrom('adapter_vectors').selectAll().execute()).length, 1);
  assert.equal((await catalog.db.selectFrom('frozen').selectAll().execute()).length, 0);
  assert.equal((await catalog.db.selectFrom('frozen_tensor').selectAll().execute()).length, 0);
  const [left] = (await listAdapters(catalog.db, { limit: 5, deleted: false })).items;
  assert.deepEqual([left!.id, left!.parent], [child.id, null]);
  const later = await add(catalog, 'later');
  assert.ok(later.id > child.id); // a number never comes twice
  await remove(catalog, later.id);
  await days(catalog, 40);
  assert.ok((await add(catalog, 'last')).id > later.id);
});

test('a clock that jumps empties nothing', async () => {
  const catalog = await temporaryCatalog();
  const { id } = await add(catalog, 'one');
  await remove(catalog, id);
  const year = 365 * DAY;
  for (const now of [10 * year, 10 * year + 1, 9 * year, -year, 20 * year, 0]) {
    const purged = await purgeTrash(catalog, Date.now() + now);
    assert.deepEqual(purged, { adapters: [], runs: [], projects: [], users: [] });
  }
  assert.deepEqual(await days(catalog, 20), []);
  await catalog.change((change) => restoreAdapter(change, id, 'test'));
});

test('purging a project frees what was in it; a user goes last, runs let go of their adapters', async () => {
  const catalog = await temporaryCatalog();
  const [project, user] = await catalog.change(async (change) => [
    await createProject(change, { name: 'p', folder: '/w/p' }, 'test'),
    await createUser(change, { name: 'bob' }, 'test'),
  ]);
  const run = await catalog.change((change) =>
    createRun(change, {
      jobId: null,
      userId: user.id,
      projectId: project.id,
      settings: {},
      out: '/w/out',
      actor: 'test',
    }),
  );
  await catalog.change((change) => finishRun(change, run, { state: 'failed' }));
  await add(catalog, 'same');
  const inside = await add(catalog, 'same', { projectId: project.id, runId: run, userId: user.id });
  await assert.rejects(catalog.change((change) => deleteProject(change, { project: 'p', confirm: false }, 'test')), { code: 'dependents', message: /1 adapter; 1 run/ }); // prettier-ignore
  await catalog.change(async (change) => {
    await deleteProject(change, { project: 'p', confirm: true }, 'test');
    await deleteUser(change, { user: 'bob', confirm: true }, 'test');
    await deleteRun(change, { run, confirm: true }, 'test');
  });
  const row = async () =>
    (await listAdapters(catalog.db, { limit: 5, deleted: false })).items.find(({ id }) => id === inside.id)!;
  assert.deepEqual([(await row()).project, (await row()).name], [null, 'same']);
  await catalog.change((change) => restoreProject(change, project.id, 'test'));
  assert.equal((await row()).project, 'p');
  await catalog.change((change) => deleteProject(change, { project: 'p', confirm: true }, 'test'));
  const all: Omit<Purged, 'adapters'> = { projects: [], users: [], runs: [] };
  for (let day = 0; day < 33; day++) {
    const purged = await purgeTrash(catalog, Date.now() + day * DAY);
    all.projects.push(...purged.projects);
    all.users.push(...purged.users);
    all.runs.push(...purged.runs);
  }
  assert.deepEqual(all, { projects: [project.id], users: [], runs: [{ id: run, out: '/w/out' }] });
  const freed = await row();
  assert.deepEqual([freed.name, freed.project, freed.run, freed.user], ['same-2', null, null, 'bob']);
  await remove(catalog, inside.id);
  const users: number[] = [];
  for (let day = 33; day < 70; day++) users.push(...(await purgeTrash(catalog, Date.now() + day * DAY)).users);
  assert.deepEqual(users, [user.id]);
});
