import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary.ts';
import { chosenFormat } from './chosenFormat.ts';
import { isOwnFolder, writeRun } from './folder.ts';
import { completeSettings } from './settings.ts';
import { measureExactness } from './throughput.ts';

const dir = temporaryFolder();
const WIDE = { hidden: 576 };
const asked = { precision: 'auto', method: 'vera', threads: 1 };

test('a format that was given is kept, and small models and full training are exact', async () => {
  const cache = join(dir, 'untouched');
  for (const precision of ['fp32', 'int8'])
    assert.deepEqual(await chosenFormat({ ...asked, precision }, WIDE, cache), { precision });
  assert.equal((await chosenFormat({ ...asked, method: 'full' }, WIDE, cache)).precision, 'fp32');
  const small = await chosenFormat(asked, { hidden: 192 }, cache);
  assert.equal(small.precision, 'fp32');
  assert.match(small.why!, /small/);
});

test('the machine is measured once, and the figures decide', async () => {
  const cache = join(dir, 'cache');
  const file = join(cache, 'weight-format.json');
  const first = await chosenFormat(asked, WIDE, cache);
  assert.match(first.why!, /times as fast as those of fp32 here|too coarsely/);
  const kept = JSON.parse(readFileSync(file, 'utf8')) as Record<string, { gain: number; error: number }>;
  const [machine] = Object.keys(kept);
  assert.ok(kept[machine!]!.gain > 0);
  const withFigures = async (gain: number, error: number) => {
    writeFileSync(file, JSON.stringify({ [machine!]: { gain, error } }));
    return chosenFormat(asked, WIDE, cache);
  };
  assert.deepEqual(await withFigures(2.04, 0), {
    precision: 'int8',
    why: 'its products are 2.0 times as fast as those of fp32 here',
  });
  assert.deepEqual(await withFigures(1.1, 0), {
    precision: 'fp32',
    why: 'products of int8 are only 1.1 times as fast as those of fp32 here',
  });
  assert.match((await withFigures(9, 0.5)).why!, /too coarsely/);
  mkdirSync(cache, { recursive: true });
  writeFileSync(file, '{ damaged');
  assert.match((await chosenFormat(asked, WIDE, cache)).why!, /times as fast|too coarsely/);
});

test('a product of the largest values shows whether a processor overflows', async () => {
  assert.ok((await measureExactness('fp32')) < 1e-6);
  assert.ok((await measureExactness('int8')) < 1);
});

test('a run whose format was chosen is recognised as the one that left the choice', () => {
  const out = join(dir, 'out');
  const given = { data: join(dir, 'd.jsonl'), base: 'owner/name', out };
  const settings = completeSettings(given);
  assert.equal(settings.precision, 'auto');
  writeRun({ ...settings, precision: 'int8' }, { base: '', dataset: '' });
  assert.ok(isOwnFolder(settings));
  assert.ok(!isOwnFolder(completeSettings({ ...given, precision: 'fp32' })));
});
