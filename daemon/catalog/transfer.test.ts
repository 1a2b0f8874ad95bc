import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { counted } from '../../test/counted.ts';
import { add, ownFrozen, someContent, temporaryCatalog } from '../../test/catalog.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { readSafetensors, readBytes, writeSafetensors } from '../formats/safetensors.ts';
import { VeraError } from '../protocol/errors.ts';
import { adapterContent, adapterLineage, listAdapters } from './adapters.ts';
import { readPacked } from './packed.ts';
import { listExports, readDataset } from './records.ts';
import { createRun, describeRun, finishRun, readRun } from './runs.ts';
import { ensureUser } from './owners.ts';
import { storedForm } from '../methods/stored.ts';
import { packAdapter, unpackAdapter } from './transfer.ts';
import { ensureDataset } from './records.ts';

const frozen = ownFrozen();
const lora = () =>
  someContent(5, {
    method: 'lora',
    theta: Float32Array.from({ length: 112 }, (_, i) => i / 7),
    options: { rank: 4, alpha: 8 },
  });

test('an adapter moves to another catalog with all that is known of it, and no path goes with it', async () => {
  const [from, to] = [await temporaryCatalog(), await temporaryCatalog()];
  const parent = await add(from, 'parent', {}, someContent(9));
  const { runId, datasetId } = await from.change(async (change) => {
    const userId = await ensureUser(change, 'ann');
    const settings = { data: '/secret/place/notes.jsonl', rank: 4 };
    const run = await createRun(change, {
      jobId: null,
      userId,
      projectId: null,
      settings,
      out: '/secret/out',
      actor: 'test',
    });
    await describeRun(change, run, { base: { fingerprint: 'cd'.repeat(32), spec: '/secret/models/small' }, steps: 10 });
    await finishRun(change, run, { state: 'succeeded', step: 10, trainLoss: 1.5 });
    const facts = { hash: 'ef'.repeat(32), path: '/secret/place/notes.jsonl', format: 'chat', rows: 12 };
    return { runId: run, datasetId: await ensureDataset(change, facts) };
  });
  const content = someContent(3, { base: { fingerprint: 'cd'.repeat(32), spec: '/secret/models/small' }, frozen });
  const about = {
    runId,
    datasetId,
    parentId: parent.id,
    note: 'a note',
    tags: ['t'],
    losses: { train: 1.5, heldOut: 2 },
  };
  const row = await add(from, 'moving', about, content);
  const file = join(temporaryFolder(), 'moving.safetensors');
  const { bytes } = await packAdapter(from, { adapter: 'moving', file }, 'test');
  assert.equal(bytes, readFileSync(file).length);
  assert.ok(!readFileSync(file).includes('secret'));
  assert.ok(
    [...readSafetensors(file).tensors.keys()].includes(
      'base_model.model.model.layers.0.self_attn.q_proj.vera_lambda_b',
    ),
  );
  assert.equal((await listExports(from.db, { limit: 5, adapter: row.id })).items[0]!.kind, 'packed');
  await assert.rejects(packAdapter(from, { adapter: 'moving', file }, 'test'), { code: 'usage', message: /exists/ });

  const parentFile = join(temporaryFolder(), 'parent.safetensors');
  await packAdapter(from, { adapter: 'parent', file: parentFile }, 'test');
  const movedParent = await unpackAdapter(to, { file: parentFile }, 'test', storedForm);
  const moved = await unpackAdapter(to, { file }, 'test', storedForm);
  const { id: _id, createdAt: _c, run, dataset, parent: _p, base, user: _u, ...rest } = moved;
  const { id: _id2, createdAt: _c2, run: _r2, dataset: _d2, parent: _p2, base: _b2, user: _u2, ...before } = row;
  assert.deepEqual(rest, before);
  assert.equal(base.name, 'small');
  const got = await adapterContent(to.db, moved.id);
  assert.deepEqual(got, { ...content, base: { fingerprint: 'cd'.repeat(32), spec: 'small' } });
  assert.deepEqual((await adapterLineage(to.db, { adapter: moved.id })).ancestors, [movedParent]);
  assert.deepEqual((await readRun(to.db, run!)).settings, { data: 'notes.jsonl', rank: 4 });
  assert.equal((await readDataset(to.db, dataset!))!.rows, 12);
  assert.equal((await unpackAdapter(to, { file }, 'test', storedForm)).name, 'moving-2');
  await assert.rejects(unpackAdapter(to, { file, name: 'moving' }, 'test', storedForm), { code: 'conflict' });
});

test('LoRA and VeRA, with and without their own A and B, come back the same', async () => {
  const catalog = await temporaryCatalog();
  const folder = temporaryFolder();
  for (const [i, content] of [someContent(1), someContent(2, { frozen }), lora()].entries()) {
    const row = await add(catalog, `a ${i}`, {}, content);
    const file = join(folder, `${i}`);
    await packAdapter(catalog, { adapter: row.id, file }, 'test');
    assert.deepEqual(readPacked(file, storedForm).content, content);
    assert.equal(readPacked(file, storedForm).hash, row.hash);
  }
});

test('each thing that can be wrong with a file is said', async () => {
  const catalog = await temporaryCatalog();
  await add(catalog, 'one', {}, someContent(2, { frozen }));
  const folder = temporaryFolder();
  const file = join(folder, 'one');
  await packAdapter(catalog, { adapter: 'one', file }, 'test');
  const { tensors, metadata } = readSafetensors(file);
  const about = JSON.parse(metadata['vera.adapter']!);
  const first = 'base_model.model.model.layers.0.self_attn.q_proj.vera_lambda_b';
  type Tensor = { name: string; dtype: 'F32'; shape: readonly number[]; bytes: () => Uint8Array };
  const make = (changes: object, mend: (all: Tensor[]) => Tensor[] = (all) => all, text?: string): string => {
    const bad = join(folder, `bad-${Math.random()}`);
    const all = [...tensors.values()].map((entry) => ({
      ...entry,
      dtype: 'F32' as const,
      bytes: () => readBytes(entry),
    }));
    writeSafetensors(
      bad,
      mend(all),
      text === '' ? {} : { 'vera.adapter': text ?? JSON.stringify({ ...about, ...changes }) },
    );
    return bad;
  };
  const cases: [string, RegExp][] = [
    [make({}, (all) => all, ''), /no packed adapter/],
    [make({}, (all) => all, '{"version":1,"version":1}'), /appears twice/],
    [make({}, (all) => all, '[1'), /not valid JSON/],
    [make({}, (all) => all, 'null'), /Invalid input/],
    [make({ version: 3 }), /version 3 is not known here/],
    [make({ method: 'none' }), /method "none" is unknown/],
    [make({ method: 'full' }), /makes a model/],
    [make({ name: '../../etc/x' }), /"name"/],
    [make({ name: 'x'.repeat(500) }), /"name"/],
    [make({ surprise: 1 }), /surprise/],
    [make({ hash: 'f'.repeat(64) }), /not what its hash says/],
    [make({ base: { ...about.base, fingerprint: 'other' } }), /not what its hash says/],
    [make({ options: { ...about.options, projectionKey: 8 } }), /not what its hash says/],
    [make({ options: { ...about.options, rank: 2 ** 31 } }), /has shape/],
    [make({ options: { ...about.options, rank: 1.5 } }), /rank/],
    [make({ options: {} }), /rank/],
    [make({ sites: [] }), /"sites"/],
    [make({ sites: about.sites.slice(1) }), /has no place in it/],
    [make({ sites: [...about.sites, about.sites[0]] }), /is missing/],
    [make({ sites: [...about.sites, { ...about.sites[0], path: 'p', dOut: 1e12 }] }), /"sites.2.dOut"/],
    [make({ frozen: undefined }), /has no place in it/],
    [make({ frozen: false }), /"frozen"/],
    [make({}, (all) => all.filter(({ name }) => name !== first)), /is missing/],
    [make({}, (all) => all.map((one) => (one.name === first ? { ...one, shape: [3, 2] } : one))), /has shape \[3, 2\]/],
    [
      make({}, (all) => [...all, { name: 'more', dtype: 'F32', shape: [0], bytes: () => new Uint8Array() }]),
      /"more" has no place/,
    ],
    [
      make({}, (all) => all.map((one) => (one.name === first ? { ...one, bytes: () => new Uint8Array(24) } : one))),
      /hash/,
    ],
  ];
  for (const [bad, says] of cases)
    await assert.rejects(unpackAdapter(catalog, { file: bad }, 'test', storedForm), says);
  const other = join(folder, 'text');
  writeFileSync(other, 'hello');
  await assert.rejects(unpackAdapter(catalog, { file: other }, 'test', storedForm), { code: 'format' });
  await assert.rejects(unpackAdapter(catalog, { file: join(folder, 'nowhere') }, 'test', storedForm), { code: 'io' });
  assert.equal((await listAdapters(catalog.db, { limit: 5, deleted: false })).items.length, 1);
});

const MUTATIONS = 1500;
test('a file changed in any byte, or cut anywhere, is refused in one line or is the same adapter', async () => {
  const catalog = await temporaryCatalog();
  const row = await add(catalog, 'one', { note: 'some note' });
  const folder = temporaryFolder();
  const file = join(folder, 'one');
  await packAdapter(catalog, { adapter: 'one', file }, 'test');
  const good = readFileSync(file);
  const bad = join(folder, 'bad');
  let refused = 0;
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, flip, cut) => {
      const bytes = Buffer.from(cut ? good.subarray(0, at) : good);
      if (!cut) bytes[at]! ^= flip;
      writeFileSync(bad, bytes);
      try {
        // What the hash does not cover (name, note, losses) may differ; the adapter itself may not.
        assert.equal(readPacked(bad, storedForm).hash, row.hash);
        assert.ok(!cut);
      } catch (error) {
        assert.ok(error instanceof VeraError, String(error));
        assert.ok(!error.message.includes('\n'), error.message);
        refused++;
      }
    }),
    { numRuns: MUTATIONS },
  );
  counted('Packed adapters changed or cut at random', MUTATIONS);
  assert.ok(refused > 1000, `${refused}`);
});
