import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AdapterRow } from '../../daemon/protocol/adapters.ts';
import { description } from '../../daemon/server/handlers/settings.ts';
import { comparison, describeAdapter, factsOf, type ShownAdapter, shownAdapter } from './describe.ts';
import { groupAdapters } from './groups.ts';

const row = (changes: Partial<AdapterRow>): AdapterRow => ({
  ...{
    id: 1,
    name: 'notes',
    note: '',
    tags: [],
    user: 'ann',
    project: null,
    method: 'vera',
    options: { rank: 64 },
    targets: 'q_proj,v_proj',
  },
  ...{
    ownFrozen: false,
    parameters: 1000,
    bytes: 14_000,
    hash: 'a'.repeat(64),
    base: { id: 1, name: 'small', fingerprint: 'f' },
  },
  ...{
    run: null,
    dataset: null,
    parent: null,
    trainLoss: 2,
    heldOutLoss: 1.5,
    baseHeldOutLoss: 3,
    createdAt: 0,
    deletedAt: null,
  },
  ...changes,
});
const adapter = (changes: Partial<AdapterRow>): ShownAdapter => shownAdapter(row(changes), description());

test("the workspace's own project comes first, those of no project last; users only where there are several", () => {
  const rows = [
    adapter({ id: 1 }),
    adapter({ id: 2, project: 'beta' }),
    adapter({ id: 3, project: 'own' }),
    adapter({ id: 4, project: 'alpha' }),
  ];
  const groups = groupAdapters(rows, { active: 3, workspace: '/home/own' });
  assert.deepEqual(
    groups.map(({ title, detail }) => [title, detail]),
    [
      ['own', ''],
      ['alpha', ''],
      ['beta', ''],
      ['No project', ''],
    ],
  );
  const users = groupAdapters([...rows, adapter({ id: 5, user: 'bob' })], { active: null, workspace: undefined });
  assert.deepEqual(
    users.slice(-2).map(({ title, detail }) => [title, detail]),
    [
      ['No project', 'ann'],
      ['No project', 'bob'],
    ],
  );
});

test('an adapter in a line', () => {
  assert.equal(describeAdapter(adapter({}), true), 'active · VeRA 64 · 14.0 kB · loss 1.500');
  assert.equal(
    describeAdapter(adapter({ heldOutLoss: null, trainLoss: null, method: 'lora' }), false),
    'LoRA 64 · 14.0 kB',
  );
});

test('a comparison shows what differs first, and markup in names as text', () => {
  const text = comparison(adapter({ name: '<img src=x>' }), adapter({ name: '[b](http://x)', options: { rank: 8 } }));
  assert.doesNotMatch(text, /[^\\]<img|[^\\]\[b/);
  assert.ok(text.indexOf('| Rank |') < text.indexOf('The same in both'));
  assert.ok(text.indexOf('| Size |') > text.indexOf('The same in both'));
});

test('facts name the options of the method, and no others', () => {
  const facts = new Map(factsOf(adapter({ options: { rank: 8, alpha: 2, projectionKey: 3 } })));
  assert.deepEqual([facts.get('Method'), facts.get('Rank'), facts.get('Projection seed')], ['VeRA', '8', '3']);
  assert.ok(!facts.has('Alpha'));
  const text = comparison(adapter({}), adapter({ name: 'other', method: 'lora', options: { rank: 64, alpha: 2 } }));
  assert.match(text, /\| Alpha \| none \| 2 \|/);
});
