import assert from 'node:assert/strict';
import { userInfo } from 'node:os';
import { test } from 'node:test';
import { add, temporaryCatalog } from '../../test/catalog.ts';
import { METHODS } from '../protocol/registry.ts';
import * as owners from './owners.ts';

const listing = { deleted: false, limit: 50 };

test('a folder becomes a project once, named after it; a folder inside belongs to it', async () => {
  const catalog = await temporaryCatalog();
  const [one, again, twin] = await catalog.change(async (change) => [
    await owners.projectOfFolder(change, '/a/poems'),
    await owners.projectOfFolder(change, '/a/poems'),
    await owners.projectOfFolder(change, '/b/poems'),
  ]);
  assert.equal(one, again);
  assert.equal((await owners.projectById(catalog.db, twin)).name, 'poems-2');
  assert.equal(await owners.projectAround(catalog.db, '/a/poems/x/y'), one);
  assert.equal(await owners.projectAround(catalog.db, '/a'), undefined);
  const root = await catalog.change((change) => owners.createProject(change, { folder: '/' }, 'test'));
  assert.equal(root.name, 'workspace');
  assert.equal(await owners.projectAround(catalog.db, '/a'), root.id);
  const known = await catalog.change((change) =>
    owners.createProject(change, { folder: '/a/poems', name: 'other' }, 'test'),
  );
  assert.deepEqual([known.id, known.name], [one, 'poems']);
  assert.deepEqual((await owners.listProjects(catalog.db, { ...listing, folder: '/a/poems' })).items, [known]);
  assert.deepEqual((await owners.listProjects(catalog.db, { ...listing, folder: '/a' })).items, []);
});

test('users and projects: made, renamed, listed by name in pages, found by number or name', async () => {
  const catalog = await temporaryCatalog();
  const names = Array.from({ length: 23 }, (_, i) => `user ${String.fromCharCode(97 + ((i * 7) % 23))}`);
  for (const name of names) await catalog.change((change) => owners.createUser(change, { name, note: 'n' }, 'test'));
  const seen: string[] = [];
  for (let after: string | undefined; ;) {
    const page = await owners.listUsers(catalog.db, {
      ...listing,
      limit: 5,
      ...(after === undefined ? {} : { after }),
    });
    METHODS.get('users.list')!.result.parse(page);
    seen.push(...page.items.map(({ name }) => name));
    if (page.next === undefined) break;
    after = page.next;
  }
  assert.deepEqual(seen, [...names].sort());
  assert.deepEqual((await owners.listUsers(catalog.db, { ...listing, search: 'R C' })).items.map(({ name }) => name), ['user c']); // prettier-ignore
  assert.deepEqual((await owners.listUsers(catalog.db, { ...listing, name: 'user c' })).items.map(({ name }) => name), ['user c']); // prettier-ignore
  assert.deepEqual((await owners.listUsers(catalog.db, { ...listing, name: 'user' })).items, []);
  const conflict = { code: 'conflict', message: /a user named "user a" already/ };
  await assert.rejects(
    catalog.change((change) => owners.createUser(change, { name: 'user a' }, 'test')),
    conflict,
  );
  await assert.rejects(
    catalog.change((change) => owners.updateUser(change, { user: 'user b', name: 'user a' }, 'test')),
    conflict,
  );
  const renamed = await catalog.change((change) =>
    owners.updateUser(change, { user: 'user b', name: '77', note: '' }, 'test'),
  );
  assert.equal(await owners.findUser(catalog.db, '77'), renamed.id);
  assert.equal(await owners.findUser(catalog.db, String(renamed.id)), renamed.id);
  await assert.rejects(owners.findUser(catalog.db, 'usera'), { code: 'missing', message: /"user a"/ });
  await assert.rejects(
    catalog.change((change) => owners.createProject(change, {}, 'test')),
    { code: 'usage' },
  );
});

test('the user nobody names is the one who runs the daemon', async () => {
  const catalog = await temporaryCatalog();
  await assert.rejects(owners.findUser(catalog.db), { code: 'missing' });
  const id = await catalog.change((change) => owners.ensureUser(change));
  assert.equal((await owners.userById(catalog.db, id)).name, userInfo().username);
  assert.equal(await catalog.change((change) => owners.ensureUser(change)), id);
});

test('what is deleted comes back under its name, or the next free one; a folder that is taken stays taken', async () => {
  const catalog = await temporaryCatalog();
  const project = await catalog.change((change) => owners.createProject(change, { folder: '/a/poems' }, 'test'));
  const inside = await add(catalog, 'x', { projectId: project.id });
  const remove = (confirm: boolean) =>
    catalog.change((change) => owners.deleteProject(change, { project: 'poems', confirm }, 'test'));
  await assert.rejects(remove(false), { code: 'dependents', message: /1 adapter:/ });
  const deletion = await remove(true);
  METHODS.get('projects.delete')!.result.parse(deletion);
  assert.deepEqual(deletion.dependents.map(({ what }) => what), ['1 adapter']); // prettier-ignore
  assert.deepEqual((await owners.listProjects(catalog.db, { ...listing, deleted: true })).items.map(({ id }) => id), [project.id]); // prettier-ignore
  const next = await catalog.change((change) => owners.createProject(change, { folder: '/a/poems' }, 'test'));
  const restore = () => catalog.change((change) => owners.restoreProject(change, project.id, 'test'));
  await assert.rejects(restore(), { code: 'conflict', message: /folder of another project/ });
  await catalog.change((change) => owners.updateProject(change, { project: next.id, folder: null }, 'test'));
  const back = await restore();
  assert.deepEqual([back.name, back.folder, back.adapters], ['poems-2', '/a/poems', 1]);
  assert.ok(inside.project === 'poems');
  await assert.rejects(restore(), { code: 'conflict', message: /not in the trash/ });
  await assert.rejects(
    catalog.change((change) => owners.updateProject(change, { project: next.id, folder: '/a/poems' }, 'test')),
    { code: 'conflict', message: /folder of project "poems-2"/ },
  );
});
