// Slow: trains, merges and exports through real commands.
/** `vera merge`, `vera export`, `vera eval` and `vera import` as a person runs them: what they print and the folders they make. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { adapterFixture } from '../../test/fixtures/read.ts';
import { writeTinyModel, writeTinyText } from '../../test/fixtures/train/tiny.ts';
import { readPeft } from '../formats/peft.ts';
import { readSafetensors } from '../formats/safetensors.ts';

const work = mkdtempSync(join(tmpdir(), 'vera-exports-'));
after(async () => {
  await vera('daemon', 'stop', '--now');
  rmSync(work, { recursive: true, force: true });
});

interface Outcome {
  code: number;
  out: string;
  error: string;
}

function vera(...args: string[]): Promise<Outcome> {
  return new Promise((done) => {
    const env = { ...process.env, VERA_HOME: join(work, 'home') };
    const cwd = join(import.meta.dirname, '../..');
    execFile(process.execPath, ['daemon/cli/main.ts', ...args], { env, cwd }, (error, out, stderr) => {
      done({ code: error ? Number(error.code) : 0, out, error: stderr });
    });
  });
}

const { dir: base, adapter } = adapterFixture('vera-all-linear-full');
const last = (out: string) => JSON.parse(out.trim().split('\n').at(-1)!);

test('import, export and merge, one after the other', async () => {
  const imported = join(work, 'imported');
  const one = await vera('import', adapter, '--base', base, '--out', imported, '--json');
  assert.deepEqual(one, {
    code: 0,
    out: `${JSON.stringify({ out: imported, method: 'vera', rank: 6, trainableParameters: 564 })}\n`,
    error: '',
  });
  assert.equal(readPeft(imported).tensors.has('base_model.vera_A'), false);

  // The imported adapter knows its base.
  const peft = join(work, 'peft');
  assert.deepEqual(last((await vera('export', imported, '--format', 'peft', '--out', peft, '--json')).out), {
    out: peft,
    format: 'peft',
  });
  const [ours, theirs] = [readPeft(peft), readPeft(adapter)];
  assert.deepEqual([...ours.tensors.keys()].sort(), [...theirs.tensors.keys()].sort());
  for (const [name, tensor] of theirs.tensors) assert.deepEqual(ours.tensors.get(name), tensor);

  const file = join(work, 'file');
  await vera('export', imported, '--format', 'safetensors', '--no-projection', '--out', file);
  assert.deepEqual(readdirSync(file), ['adapter.safetensors']);
  const { tensors, metadata } = readSafetensors(join(file, 'adapter.safetensors'));
  assert.equal(tensors.size, 28);
  assert.equal(JSON.parse(metadata['adapter_config']!).projection_prng_key, 0);

  const merged = join(work, 'merged');
  const done = last((await vera('merge', imported, '--out', merged, '--json')).out);
  assert.deepEqual(Object.keys(done), ['out', 'maxLogitDifference']);
  assert.equal(done.out, merged);
  assert.ok(done.maxLogitDifference < 1e-5);

  const here = join(work, 'here');
  assert.deepEqual(last((await vera('merge', imported, '--foreground', '--out', here, '--json')).out), {
    ...done,
    out: here,
  });
  for (const name of ['model.safetensors', 'config.json'])
    assert.deepEqual(readFileSync(join(here, name)), readFileSync(join(merged, name)));
  assert.match((await vera('jobs', 'list', '--json')).out, /"kind":"merge"/); // but for --foreground, jobs of the daemon

  const again = await vera('merge', imported, '--out', merged);
  assert.equal(again.code, 2);
  assert.match(again.error, /^vera: .*exists and is not empty.*\n$/);
});

test('a loss is the same, measured by the daemon or here', async () => {
  const data = writeTinyText(join(work, 'text.jsonl'), 12);
  const tiny = writeTinyModel(join(work, 'tiny'));
  const measure = ['eval', data, '--base', tiny, '--length', '48', '--threads', '1', '--json'];
  const [there, here] = [await vera(...measure), await vera(...measure, '--foreground')];
  assert.deepEqual(there, here);
  assert.ok(last(there.out).loss > 0);
});

test('a wrong base, a base that is gone, an unknown format: one line and an exit code', async () => {
  const { dir: other } = adapterFixture('vera-qv-seed-only');
  const wrong = await vera('import', adapter, '--base', other, '--out', join(work, 'none'));
  assert.equal(wrong.code, 5);
  assert.match(wrong.error, /^vera: .*tensor "base_model\.model\..*\n$/);
  const format = await vera('export', adapter, '--format', 'zip', '--out', join(work, 'none'));
  assert.equal(format.code, 2);
  assert.match(format.error, /peft, safetensors/);
  const gone = await vera('merge', join(work, 'nowhere'), '--out', join(work, 'none'));
  assert.equal(gone.code, 5);
  const unknown = await vera('merge', 'nobody', '--out', join(work, 'none'));
  assert.equal(unknown.code, 10);
  assert.match(unknown.error, /neither an adapter folder nor an adapter "nobody": vera adapters list/);
  assert.equal(readdirSync(work).includes('none'), false);
});
