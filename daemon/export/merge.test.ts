import assert from 'node:assert/strict';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { adapterFixture, adapterNames, modelFixture, modelNames } from '../../test/fixtures/read.ts';
import { encodeFloats } from '../formats/float.ts';
import { readBytes, readFloats, writeSafetensors } from '../formats/safetensors.ts';
import type { DType } from '../formats/dtype.ts';
import { openTensors } from '../formats/shards.ts';
import { FIRST_OPTIONS, type FirstOptions } from '../methods/options.ts';
import { sharedProjection } from '../methods/vera.ts';
import { selectSites } from '../methods/targets.ts';
import type { LinearSite } from '../models/adaptation.ts';
import { openBase } from '../models/base.ts';
import type { BaseModel } from '../models/base.ts';
import { linearSites } from '../models/registry.ts';
import { VeraError } from '../protocol/errors.ts';
import { adaptationOf, loadAdapter } from './adapter.ts';
import type { Adapter } from './adapter.ts';
import { mergeModel } from './merge.ts';
import type { MergeReport } from './merge.ts';

const work = mkdtempSync(join(tmpdir(), 'vera-merge-'));
after(() => rmSync(work, { recursive: true, force: true }));
const cache = join(work, 'cache');
let count = 0;
const fresh = (): string => join(work, `${count++}`);

function adapterFor(base: BaseModel, method: Adapter['method'], scale = 0.2): Adapter {
  const sites = selectSites(linearSites(base.config), method === 'vera' ? 'all-linear' : 'q_proj,down_proj', '1');
  const adapter = {
    method,
    options: { ...FIRST_OPTIONS, rank: 5, alpha: 4, projectionKey: 3 },
    sites,
    targets: 'all-linear',
  };
  const size = adaptationOf(adapter).parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  return { ...adapter, theta: new Float32Array(size).map((_, i) => scale * Math.sin(i * 2.3)) };
}

const merge = (base: BaseModel, adapter: Adapter, out: string): Promise<MergeReport> =>
  mergeModel({ base, adapter, adaptation: adaptationOf(adapter), out, cache });

/** The update of a weight as the papers write it, in float64. */
function reference({ method, options, sites, theta }: Adapter): Map<string, (o: number, i: number) => number> {
  const { rank, alpha, projectionKey } = options as FirstOptions;
  const pair = sharedProjection(sites, projectionKey, rank);
  let start = 0;
  const take = (n: number): Float32Array => theta.subarray(start, (start += n));
  const sum = (term: (r: number) => number): number =>
    Array.from({ length: rank }, (_, r) => term(r)).reduce((a, b) => a + b, 0);
  return new Map(
    sites.map(({ path, dIn, dOut }: LinearSite) => {
      if (method === 'vera') {
        const [b, d] = [take(dOut), take(rank)];
        return [path, (o, i) => b[o]! * sum((r) => pair.b[o * rank + r]! * d[r]! * pair.a[r * pair.maxIn + i]!)];
      }
      const [a, b] = [take(rank * dIn), take(dOut * rank)];
      return [path, (o, i) => (alpha / rank) * sum((r) => b[o * rank + r]! * a[r * dIn + i]!)];
    }),
  );
}

/** Half a unit in the last place of a type, relative. */
const ROUNDING: Partial<Record<DType, number>> = { F32: 2 ** -24, BF16: 2 ** -8, F16: 2 ** -11 };

for (const name of modelNames()) {
  for (const method of ['vera', 'lora'] as const) {
    test(`${name}, ${method}: only the adapted weights change, each by its update rounded once`, async () => {
      const base = openBase(modelFixture(name).dir, cache);
      const adapter = adapterFor(base, method);
      const out = fresh();
      const report = await merge(base, adapter, out);
      assert.deepEqual(readdirSync(out).sort(), [...readdirSync(base.dir), 'vera-merge.json'].sort());
      const merged = openTensors(out);
      assert.deepEqual([...merged.keys()], [...base.tensors.keys()]);
      const updates = reference(adapter);
      let changed = 0;
      for (const [key, entry] of base.tensors) {
        const other = merged.get(key)!;
        assert.deepEqual({ ...other, file: '' }, { ...entry, file: '' });
        const update = updates.get(key.replace(/\.weight$/, ''));
        if (!update) {
          assert.deepEqual(readBytes(other), readBytes(entry), key);
          continue;
        }
        changed++;
        const width = entry.shape[1]!;
        const [before, after] = [readFloats(entry), readFloats(other)];
        for (const [i, value] of before.entries()) {
          const exact = value + update(Math.floor(i / width), i % width);
          // The sum itself is made in float32, so a value may land on the other side of a tie.
          const allowed = 1.01 * ROUNDING[entry.dtype]! * Math.abs(exact) + 3e-7;
          assert.ok(Math.abs(after[i]! - exact) <= allowed, `${key}[${i}]: ${after[i]} for ${exact}`);
        }
      }
      assert.equal(changed, adapter.sites.length);
      assert.ok(report.maxDifference > 0 && report.positions === 96 && report.maxLogit > 1);
      if (report.dtypes.join() === 'F32') assert.ok(report.maxDifference < 1e-5, `${report.maxDifference}`);
      const note = JSON.parse(readFileSync(join(out, 'vera-merge.json'), 'utf8'));
      assert.equal(note.maxLogitDifference, report.maxDifference);
      assert.equal(note.baseFingerprint, base.fingerprint);
    });
  }
}

for (const name of adapterNames()) {
  test(`${name}: an adapter of PEFT merges`, async () => {
    const { dir, adapter: folder } = adapterFixture(name);
    const base = openBase(dir, cache);
    const { adapter, adaptation } = loadAdapter(folder, base);
    const report = await mergeModel({ base, adapter, adaptation, out: fresh(), cache });
    if (report.dtypes.join() === 'F32') assert.ok(report.maxDifference < 1e-5, `${report.maxDifference}`);
  });
}

test('the difference of a BF16 merge is its rounding: the same weights as F32 merge exactly', async () => {
  const base = openBase(modelFixture('llama-gqa-tied-bf16').dir, cache);
  const wide = fresh();
  cpSync(base.dir, wide, { recursive: true });
  const sources = [...base.tensors.values()].map((entry) => ({
    ...entry,
    dtype: 'F32' as const,
    bytes: () => encodeFloats('F32', readFloats(entry)),
  }));
  writeSafetensors(join(wide, 'model.safetensors'), sources, { format: 'pt' });
  const adapter = adapterFor(base, 'vera');
  const narrow = await merge(base, adapter, fresh());
  const exact = await merge(openBase(wide, cache), adapter, fresh());
  assert.ok(exact.maxDifference < 1e-5, `${exact.maxDifference}`);
  assert.ok(narrow.maxDifference > 10 * exact.maxDifference);
});

test('other files come along; other forms of the weights, hidden files and the note of an earlier merge do not', async () => {
  const dir = fresh();
  cpSync(modelFixture('llama').dir, dir, { recursive: true });
  mkdirSync(join(dir, 'extra', '.git'), { recursive: true });
  for (const file of [
    'LICENSE',
    'extra/notes.txt',
    'pytorch_model.bin',
    'extra/model.onnx',
    'consolidated.safetensors',
    '.gitattributes',
    'extra/.git/x',
    'model.safetensors.index.json',
    'vera-merge.json',
  ]) {
    writeFileSync(join(dir, file), 'x');
  }
  chmodSync(join(dir, 'model.safetensors'), 0o444);
  const base = openBase(dir, cache);
  const out = fresh();
  const { leftOut } = await merge(base, adapterFor(base, 'vera'), out);
  assert.deepEqual(leftOut.sort(), [
    'consolidated.safetensors',
    'extra/model.onnx',
    'model.safetensors.index.json',
    'pytorch_model.bin',
  ]);
  assert.equal(readFileSync(join(out, 'LICENSE'), 'utf8'), 'x');
  assert.equal(readFileSync(join(out, 'extra/notes.txt'), 'utf8'), 'x');
  assert.equal(existsSync(join(out, 'extra/.git')) || existsSync(join(out, '.gitattributes')), false);
  assert.match(readFileSync(join(out, 'vera-merge.json'), 'utf8'), /merged into them/);
});

/** A merge that must fail with this error and leave nothing behind. */
async function refuses(base: BaseModel, adapter: Adapter, code: string, says: RegExp): Promise<void> {
  const parent = mkdtempSync(join(work, 'refused-'));
  await assert.rejects(merge(base, adapter, join(parent, 'out')), (error) => {
    assert.ok(error instanceof VeraError && says.test(error.message), String(error));
    return error.code === code;
  });
  assert.deepEqual(readdirSync(parent), []);
}

test('a weight that no longer fits its type is refused with its name, and nothing is written', async () => {
  const half = openBase(modelFixture('mistral-fp16').dir, cache);
  await refuses(
    half,
    adapterFor(half, 'vera', 1e5),
    'numeric',
    /tensor "model\.layers\.1\..*" does not fit F16|does not fit F16/,
  );
  const adapter = adapterFor(half, 'lora');
  adapter.theta[3] = NaN;
  await refuses(half, adapter, 'numeric', /the merged weight NaN does not fit F16/);
});

test('a link that leads out of the base is refused, and nothing is written', async () => {
  const dir = fresh();
  cpSync(modelFixture('llama').dir, dir, { recursive: true });
  writeFileSync(join(work, 'secret'), 'x');
  symlinkSync(join(work, 'secret'), join(dir, 'NOTICE'));
  const base = openBase(dir, cache);
  await refuses(base, adapterFor(base, 'vera'), 'format', /NOTICE.*points outside its folder/);
});

test('an adapter that starts late is refused, because weights act on every token', async () => {
  const base = openBase(modelFixture('llama').dir, cache);
  const adapter = adapterFor(base, 'vera');
  const out = fresh();
  await assert.rejects(merge(base, { ...adapter, options: { ...adapter.options, activateAfter: 'answer' } }, out), {
    code: 'usage',
    message: /starts at the answer, but weights act on every token.*serve it as an adapter/,
  });
  assert.equal(existsSync(out), false);
});

test('an occupied folder is refused and stays as it is', async () => {
  const base = openBase(modelFixture('llama').dir, cache);
  const out = mkdtempSync(join(work, 'occupied-'));
  writeFileSync(join(out, 'mine'), 'x');
  await assert.rejects(merge(base, adapterFor(base, 'vera'), out), /not empty/);
  assert.deepEqual(readdirSync(out), ['mine']);
});
