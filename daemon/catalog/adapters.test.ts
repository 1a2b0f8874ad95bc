import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { add, ownFrozen, someContent, temporaryCatalog } from '../../test/catalog.ts';
import type { AdapterRow } from '../protocol/adapters.ts';
import type { VeraError } from '../protocol/errors.ts';
import { METHODS } from '../protocol/registry.ts';
import * as adapters from './adapters.ts';
import { listAudit } from './records.ts';
import { createProject, createUser, deleteProject, ensureUser, projectOfFolder } from './owners.ts';

const page = { limit: 50, deleted: false };
const shape = (name: string, value: unknown): void => void METHODS.get(name)!.result.parse(value);

test('what is added comes back: content bit for bit, rows in the shape of the protocol', async () => {
  const catalog = await temporaryCatalog();
  const content = someContent(3, {
    theta: Float32Array.from({ length: 20 }, (_, i) => [NaN, Infinity, -0, 1e-45, 1.5][i % 5]!),
  });
  const row = await add(
    catalog,
    'first',
    { note: 'n', tags: ['a', 'b c'], losses: { train: 1, heldOut: NaN } },
    content,
  );
  shape('adapters.get', row);
  assert.deepEqual(
    [row.name, row.note, row.tags, row.user, row.project, row.options, row.parameters, row.bytes, row.ownFrozen],
    ['first', 'n', ['a', 'b c'], 'ann', null, content.options, 20, 584, false],
  );
  assert.deepEqual(
    [row.trainLoss, row.heldOutLoss, row.baseHeldOutLoss, row.base.name],
    [1, null, null, 'org/some-model'],
  );
  const read = await adapters.adapterContent(catalog.db, row.id);
  assert.ok(Buffer.from(read.theta.buffer).equals(Buffer.from(content.theta.buffer)));
  assert.deepEqual({ ...read, theta: null }, { ...content, theta: null });
});

test('A and B of their own are stored once for all who share them, and the key is then not theirs', async () => {
  const catalog = await temporaryCatalog();
  const frozen = ownFrozen();
  const one = await add(catalog, 'one', {}, someContent(1, { frozen }));
  await add(catalog, 'two', {}, someContent(2, { frozen }));
  assert.equal(one.ownFrozen, true);
  assert.equal((await catalog.db.selectFrom('frozen').select('id').execute()).length, 1);
  assert.equal((await catalog.db.selectFrom('frozen_tensor').select('name').execute()).length, 2);
  assert.deepEqual((await adapters.adapterContent(catalog.db, one.id)).frozen, frozen);
});

test('an adapter of any method is kept: options of every type, no rank, tensors of any names and shapes', async () => {
  const catalog = await temporaryCatalog();
  const tensors = [
    { name: 'a', shape: [2, 3, 1] },
    { name: 'b', shape: [] },
  ];
  const frozen = { head: 'any', tensors: [{ name: 'c', shape: [2], data: Float32Array.of(1, 2) }] };
  const content = someContent(1, {
    ...{ method: 'novel', tensors, frozen, theta: Float32Array.of(1, 2, 3, 4, 5, 6, 7) },
    options: { strength: 0.5, mode: 'soft', shared: true },
  });
  const row = await add(catalog, 'novel', {}, content);
  shape('adapters.get', row);
  assert.deepEqual([row.method, row.parameters, row.options], ['novel', 7, content.options]);
  assert.deepEqual(await adapters.adapterContent(catalog.db, row.id), content);
  const other = [{ name: 'a', shape: [7] }];
  await assert.rejects(add(catalog, 'other', {}, { ...content, tensors: other }), /not those of its method/);
});

test('content that is not whole is refused, and nothing of it stays', async () => {
  const catalog = await temporaryCatalog();
  const bad: [Partial<adapters.AdapterContent>, RegExp][] = [
    [{ theta: new Float32Array(19) }, /19 values where its layers take 20/],
    [{ options: { rank: 0 } }, /shape \[0\]/],
    [{ options: { rank: 4, alpha: NaN } }, /option "alpha"/],
    [{ sites: [] }, /0 layers/],
    [{ sites: [someContent().sites[0]!, someContent().sites[0]!] }, /stands twice/],
    [
      { frozen: { head: '', tensors: [{ name: 'x', shape: [4, 8], data: new Float32Array(31) }] } },
      /"x" has 31 values/,
    ],
  ];
  for (const [change, says] of bad)
    await assert.rejects(add(catalog, 'bad', {}, someContent(1, change)), { code: 'adapter', message: says });
  assert.deepEqual((await adapters.listAdapters(catalog.db, page)).items, []);
});

test('names: once in a project and once outside, -2 where asked for, paths never', async () => {
  const catalog = await temporaryCatalog();
  const project = await catalog.change((change) => projectOfFolder(change, '/somewhere/poems'));
  await add(catalog, 'x');
  await add(catalog, 'x', { projectId: project });
  await assert.rejects(add(catalog, 'x'), { code: 'conflict' });
  for (const expected of ['x-2', 'x-3', 'x-4'])
    assert.equal((await add(catalog, 'x', { unique: 'suffix' })).name, expected);
  const long = 'y'.repeat(200);
  await add(catalog, long);
  assert.equal((await add(catalog, long, { unique: 'suffix' })).name, `${'y'.repeat(198)}-2`);
  for (const name of ['../x', 'a/b', 'a\\b', '', ' x', 'x\0', '..', 'z'.repeat(201)])
    await assert.rejects(add(catalog, name), { code: 'usage' });
});

test('a name is looked for in the project, then outside, then everywhere if there is only one', async () => {
  const catalog = await temporaryCatalog();
  const [one, two] = await catalog.change(async (change) => [
    (await createProject(change, { name: 'one' }, 'test')).id,
    (await createProject(change, { name: 'two' }, 'test')).id,
  ]);
  const bob = await catalog.change((change) => createUser(change, { name: 'bob' }, 'test'));
  const inOne = await add(catalog, 'same', { projectId: one });
  const inTwo = await add(catalog, 'same', { projectId: two, userId: bob.id });
  const only = await add(catalog, 'only', { projectId: two });
  const numbered = await add(catalog, '12345');
  const find = (adapter: string | number, more: { project?: string; user?: string } = {}) =>
    adapters.findAdapter(catalog.db, { adapter, ...more });
  assert.equal(await find('same', { project: 'one' }), inOne.id);
  assert.equal(await find('same', { project: 'two' }), inTwo.id);
  assert.equal(await find('same', { user: 'bob' }), inTwo.id);
  await assert.rejects(find('same'), {
    code: 'conflict',
    message: /several adapters named "same": 1 in project "one", 2 in/,
  });
  const outside = await add(catalog, 'same');
  assert.equal(await find('same'), outside.id);
  assert.equal(await find('same', { project: 'one' }), inOne.id);
  assert.equal(await find('only'), only.id);
  assert.equal(await find('only', { project: 'one' }), only.id);
  assert.equal(await find('12345'), numbered.id);
  assert.equal(await find(String(only.id)), only.id);
  await assert.rejects(find('onyl'), { code: 'missing', message: /there is no adapter "onyl"; there is "only"/ });
  await assert.rejects(find(99), { code: 'missing', message: 'there is no adapter 99' });
  await assert.rejects(find('same', { project: 'thre' }), { code: 'missing', message: /no project "thre"/ });
});

test('lists: filters, search and pages agree with doing it by hand', async () => {
  const catalog = await temporaryCatalog();
  const projectId = await catalog.change((change) => projectOfFolder(change, '/w/poems'));
  const all: AdapterRow[] = [];
  for (let i = 0; i < 60; i++)
    all.push(
      await add(catalog, `${['red', 'green', 'blue'][i % 3]!} thing ${i}`, {
        projectId: i % 2 === 0 ? projectId : null,
        tags: [
          ...(i % 5 === 0 ? ['fifth one'] : []),
          ...(i % 7 === 0 ? ['++'] : []),
          ...(i % 4 === 0 ? ['fifth'] : []),
        ],
        note: i === 11 ? 'a Schneeflöckchen, "quoted" AND (odd)' : '',
      }),
    );
  all.reverse();
  const everything = async (filter: object): Promise<number[]> => {
    const ids: number[] = [];
    for (let after: string | undefined, pages = 0; pages < 100; pages++) {
      const got = await adapters.listAdapters(catalog.db, {
        limit: 7,
        deleted: false,
        ...filter,
        ...(after === undefined ? {} : { after }),
      });
      shape('adapters.list', got);
      ids.push(...got.items.map(({ id }) => id));
      if (got.next === undefined) return ids;
      after = got.next;
    }
    throw new Error('pages do not end');
  };
  const ids = (keep: (row: (typeof all)[number]) => boolean) => all.filter(keep).map(({ id }) => id);
  assert.deepEqual(await everything({}), ids(() => true)); // prettier-ignore
  assert.deepEqual(
    await everything({ project: 'poems' }),
    ids((row) => row.project === 'poems'),
  );
  assert.deepEqual(
    await everything({ user: 'ann', search: 'gre' }),
    ids((row) => row.name.startsWith('green')),
  );
  assert.deepEqual(
    await everything({ tag: 'fifth' }),
    ids((row) => row.tags.includes('fifth')),
  );
  assert.deepEqual(await everything({ tag: 'fifth one', search: 'blue', project: 'poems' }), ids((row) => row.tags.includes('fifth one') && row.name.startsWith('blue') && row.project !== null)); // prettier-ignore
  assert.deepEqual(
    await everything({ tag: '++' }),
    ids((row) => row.tags.includes('++')),
  );
  assert.deepEqual(await everything({ base: 'some-model' }), ids(() => true)); // prettier-ignore
  for (const search of ['schneeflöck', 'SCHNEE quot', '"quoted" AND (odd)', 'thing 11 a'])
    assert.deepEqual(
      await everything({ search }),
      ids((row) => row.note !== ''),
      search,
    );
  for (const search of ['*', '"', '-', '()', '+ +']) assert.deepEqual(await everything({ search }), []);
  await assert.rejects(everything({ base: 'no-such' }), { code: 'missing' });
  await assert.rejects(adapters.listAdapters(catalog.db, { ...page, after: 'nonsense' }), { code: 'usage' });
});

test('no text of a search is syntax', async () => {
  const catalog = await temporaryCatalog();
  await add(catalog, 'one');
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)), maxLength: 60 }),
      async (text) => {
        await adapters.listAdapters(catalog.db, { ...page, search: text });
        await adapters.listAdapters(catalog.db, {
          ...page,
          tag: text || 'x',
          search: `${text}* OR NEAR("a" b) name : ${text}`,
        });
        await adapters
          .findAdapter(catalog.db, { adapter: text })
          .catch((error: unknown) => assert.equal((error as VeraError).code, 'missing'));
      },
    ),
    { numRuns: 60 },
  );
});

test('the active adapter: of the project, else of the user, by workspace folder too', async () => {
  const catalog = await temporaryCatalog();
  const active = (where: object) => adapters.activeAdapter(catalog.db, { user: 'ann', ...where });
  const activate = (adapter: string, where: object = {}) =>
    catalog.change((change) => adapters.activateAdapter(change, { adapter, user: 'ann', ...where }, 'test'));
  const id = await catalog.change((change) => projectOfFolder(change, '/w/poems'));
  const [a, b] = [await add(catalog, 'a'), await add(catalog, 'b', { projectId: id })];
  assert.deepEqual(await active({}), { adapter: null, by: null });
  assert.deepEqual(await adapters.activeAdapter(catalog.db, {}), { adapter: null, by: null });
  shape('adapters.activate', await activate('a'));
  assert.deepEqual(await active({ workspace: '/w/poems/deep/er' }), { adapter: a, by: 'user' });
  await activate('b', { project: 'poems' });
  assert.deepEqual(await active({ workspace: '/w/poems/deep/er' }), { adapter: b, by: 'project' });
  assert.deepEqual(await active({ workspace: '/w/other' }), { adapter: a, by: 'user' });
  assert.deepEqual(await active({ project: 'poems' }), { adapter: b, by: 'project' });
  await catalog.change((change) => adapters.deleteAdapter(change, { adapter: 'b', confirm: true }, 'test'));
  assert.deepEqual((await active({ project: 'poems' })).by, 'user');
  await catalog.change((change) => adapters.restoreAdapter(change, b.id, 'test'));
  assert.deepEqual((await active({ project: 'poems' })).by, 'project');
  await catalog.change((change) => adapters.deactivateAdapter(change, { user: 'ann', project: 'poems' }, 'test'));
  assert.deepEqual((await active({ project: 'poems' })).by, 'user');
});

test('renaming, moving, lineage, deleting and restoring', async () => {
  const catalog = await temporaryCatalog();
  const update = (params: Parameters<typeof adapters.updateAdapter>[1]) =>
    catalog.change((change) => adapters.updateAdapter(change, params, 'test'));
  await catalog.change((change) => projectOfFolder(change, '/w/poems'));
  const parent = await add(catalog, 'parent');
  const child = await add(catalog, 'child', { parentId: parent.id });
  const grandchild = await add(catalog, 'grandchild', { parentId: child.id });
  const lineage = await adapters.adapterLineage(catalog.db, { adapter: 'child' });
  assert.deepEqual([lineage.ancestors, lineage.children], [[parent], [grandchild]]);

  await assert.rejects(update({ adapter: 'child', name: 'parent' }), { code: 'conflict' });
  const moved = await update({ adapter: 'child', name: 'parent', moveTo: 'poems', tags: ['t'], note: 'moved' });
  assert.deepEqual([moved.name, moved.project, moved.tags, moved.note], ['parent', 'poems', ['t'], 'moved']);
  await assert.rejects(update({ adapter: moved.id, moveTo: null }), { code: 'conflict' });
  assert.deepEqual((await adapters.listAdapters(catalog.db, { ...page, search: 'moved' })).items, [moved]);
  assert.deepEqual((await adapters.listAdapters(catalog.db, { ...page, search: 'child' })).items, []); // prettier-ignore

  const remove = (adapter: number, confirm = false) =>
    catalog.change((change) => adapters.deleteAdapter(change, { adapter, confirm }, 'test'));
  await assert.rejects(remove(parent.id), { code: 'dependents', message: /adapter "parent", which succeeds it/ });
  const deletion = await remove(parent.id, true);
  shape('adapters.delete', deletion);
  assert.equal(deletion.purgedAt - deletion.adapter.deletedAt!, 30 * 86_400_000);
  await assert.rejects(adapters.findAdapter(catalog.db, { adapter: parent.id }), /in the trash/);
  assert.deepEqual((await adapters.listAdapters(catalog.db, { ...page, deleted: true })).items, [deletion.adapter]);
  await update({ adapter: moved.id, moveTo: null }); // takes the name that is free now
  const restored = await catalog.change((change) => adapters.restoreAdapter(change, parent.id, 'test'));
  assert.equal(restored.name, 'parent-2');
  await assert.rejects(
    catalog.change((change) => adapters.restoreAdapter(change, parent.id, 'test')),
    { code: 'conflict' },
  );
  const { items } = await listAudit(catalog.db, { limit: 50, kind: 'adapter', subject: parent.id });
  assert.deepEqual(items.map(({ action }) => action), ['restore', 'delete', 'create']); // prettier-ignore
});

test('the numbers of adapters that projects and users show are those there are', async () => {
  const catalog = await temporaryCatalog();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(4), fc.nat(3), fc.nat(2)), { maxLength: 12 }), async (steps) => {
      for (const [step, which, where] of steps) {
        await catalog
          .change(async (change) => {
            const userId = await ensureUser(change, `user ${which}`);
            const projectId = where === 0 ? null : await projectOfFolder(change, `/w/${where}`);
            const { items } = await adapters.listAdapters(change.db, page);
            const adapter = items[which % Math.max(1, items.length)]?.id ?? 1;
            if (step < 2)
              await adapters.addAdapter(change, someContent(), {
                name: 'n',
                unique: 'suffix',
                userId,
                projectId,
                actor: 'test',
              });
            else if (step === 2) await adapters.deleteAdapter(change, { adapter, confirm: true }, 'test');
            else if (step === 3) await adapters.updateAdapter(change, { adapter, moveTo: projectId }, 'test');
            else {
              const gone = (await adapters.listAdapters(change.db, { ...page, deleted: true })).items[0];
              if (gone) await adapters.restoreAdapter(change, gone.id, 'test');
              else if (where > 0) await deleteProject(change, { project: `${where}`, confirm: true }, 'test');
            }
          })
          .catch((error: unknown) => assert.match((error as VeraError).code, /^(missing|conflict)$/));
      }
      for (const kind of ['user', 'project'] as const) {
        const rows = await catalog.db.selectFrom(kind).select(['id', 'adapters']).execute();
        for (const { id, adapters: shown } of rows) {
          const counted = await catalog.db
            .selectFrom('adapter')
            .select('id')
            .where(`${kind}_id`, '=', id)
            .where('deleted_at', 'is', null)
            .execute();
          assert.equal(shown, counted.length);
        }
      }
    }),
    { numRuns: 25 },
  );
});

test('damaged vectors are named when they are read', async () => {
  const catalog = await temporaryCatalog();
  const row = await add(catalog, 'hurt');
  await catalog.change(async ({ db }) => {
    const theta = Buffer.from(someContent().theta.buffer).fill(1, 5, 6);
    await db.updateTable('adapter_vectors').set({ theta }).execute();
  });
  await assert.rejects(adapters.adapterContent(catalog.db, row.id), {
    code: 'catalog',
    message: /adapter 1 \("hurt"\) are damaged/,
  });
});
