// Slow: needs Python with PEFT and transformers.
/**
 * Real PEFT loads our adapters, real transformers our merged folders, and we load PEFT's adapters: each time the logits are
 * within 1e-4. VeRA with and without A and B, and LoRA; q and v, and all linear layers; on small models of the family and,
 * where test/models/fetch.sh has put it, on SmolLM2. Run by `npm run test:peers`.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { adaptationOf, loadAdapter, saveAdapter } from '../../daemon/export/adapter.ts';
import type { Adapter } from '../../daemon/export/adapter.ts';
import { mergeModel } from '../../daemon/export/merge.ts';
import { FIRST_OPTIONS } from '../../daemon/methods/options.ts';
import { seededUniform } from '../../daemon/methods/random.ts';
import { selectSites } from '../../daemon/methods/targets.ts';
import type { Adaptation } from '../../daemon/models/adaptation.ts';
import { unadapted } from '../../daemon/models/adaptation.ts';
import { openBase } from '../../daemon/models/base.ts';
import type { BaseModel } from '../../daemon/models/base.ts';
import { linearSites } from '../../daemon/models/registry.ts';
import { resolveBase } from '../../daemon/models/resolve.ts';
import { Logits } from '../../daemon/serve/logits.ts';
import { modelFixture, readFloat32, splitRows } from '../fixtures/read.ts';
import { peer } from './python.ts';

const TOLERANCE = 1e-4;

interface Kind {
  name: string;
  method: 'vera' | 'lora';
  targets: string;
  projection: boolean;
}

const KINDS: Kind[] = ['q_proj,v_proj', 'all-linear'].flatMap((targets) => [
  { name: `VeRA ${targets} full`, method: 'vera', targets, projection: true },
  { name: `VeRA ${targets} seed-only`, method: 'vera', targets, projection: false },
  { name: `LoRA ${targets}`, method: 'lora', targets, projection: false },
]);

const skip = process.env['VERA_TEST_PEERS'] === undefined ? 'npm run test:peers runs these' : false;
const work = mkdtempSync(join(tmpdir(), 'vera-peers-'));
const cache = join(work, 'cache');
after(() => rmSync(work, { recursive: true, force: true }));

/** An adapter that does something: every value moved from where it starts. */
function adapterFor(base: BaseModel, { method, targets }: Kind, rank: number, scale: number): Adapter {
  const sites = selectSites(linearSites(base.config), targets);
  const adapter = { method, options: { ...FIRST_OPTIONS, rank, alpha: 2 * rank, projectionKey: 5 }, sites, targets };
  const { parameters } = adaptationOf(adapter);
  const values = parameters.flatMap(({ name, initial }) => {
    const start = initial();
    const moved = seededUniform(name, start.length, scale);
    return [...start.map((value, i) => value + moved[i]!)];
  });
  return { ...adapter, theta: Float32Array.from(values), baseFingerprint: base.fingerprint, basePath: base.dir };
}

async function ourLogits(
  base: BaseModel,
  adaptation: Adaptation,
  theta: Float32Array,
  rows: number[][],
  kept = cache,
): Promise<Float32Array[]> {
  const model = await Logits.create({ base, adaptation, maxLength: 64, cache: kept });
  const logits: Float32Array[] = [];
  for (const row of rows) logits.push(await model.run(theta, { ids: row }));
  await model.release();
  return logits;
}

interface Compared {
  ours: Float32Array[];
  theirs: () => Float32Array[];
}

/** Makes everything there is to compare for a base with one start of Python, then tests each pair. */
function compare(
  name: string,
  open: () => Promise<BaseModel>,
  settings: { rank: number; scale: number; merged: Kind[]; double: boolean },
): void {
  describe(name, { skip }, () => {
    const { rank, scale, merged, double } = settings;
    const pairs = new Map<string, Compared>();
    const folder = join(work, name);

    before(async () => {
      mkdirSync(folder, { recursive: true });
      const base = await open();
      const rows = [24, 7, 1].map((length, i) =>
        [...seededUniform(`row ${i}`, length, 0.5)].map((u) => Math.floor((u + 0.5) * (base.config.vocabulary - 1))),
      );
      const ids = join(folder, 'ids.json');
      writeFileSync(ids, JSON.stringify(rows));
      const jobs: { script: string; args: string[] }[] = [];
      const later: (() => Promise<void>)[] = [];
      const pair = (what: string, ours: Float32Array[], model: string, adapter?: string): void => {
        const out = join(folder, `${pairs.size}.f32`);
        const options = [...(adapter === undefined ? [] : ['--adapter', adapter]), ...(double ? ['--double'] : [])];
        jobs.push({ script: 'logits.py', args: [model, ids, out, ...options] });
        pairs.set(what, { ours, theirs: () => splitRows(readFloat32(out), rows) });
      };
      for (const kind of KINDS) {
        const dir = (what: string): string => join(folder, `${what} ${kind.name}`.replace(/[^\w]+/g, '-'));
        const adapter = adapterFor(base, kind, rank, scale);
        const adaptation = adaptationOf(adapter);
        await saveAdapter(dir('ours'), adapter, { projection: kind.projection });
        const logits = await ourLogits(base, adaptation, adapter.theta, rows);
        pair(`PEFT loads our ${kind.name}`, logits, base.dir, dir('ours'));
        if (merged.includes(kind)) {
          await mergeModel({ base, adapter, adaptation, out: dir('merged'), cache });
          const model = openBase(dir('merged'), join(folder, 'merged-cache'));
          const plain = await ourLogits(model, unadapted, new Float32Array(), rows, join(folder, 'merged-cache'));
          pair(`transformers loads the merged ${kind.name}`, plain, dir('merged'));
        }
        const made = [
          '--method',
          kind.method,
          '--rank',
          `${rank}`,
          '--targets',
          kind.targets,
          '--key',
          '9',
          '--scale',
          `${scale}`,
        ];
        jobs.push({
          script: 'make_adapter.py',
          args: [base.dir, dir('theirs'), ...made, '--save-projection', `${kind.projection}`],
        });
        const what = `we load PEFT's ${kind.name}`;
        pair(what, [], base.dir, dir('theirs'));
        later.push(async () => {
          const loaded = loadAdapter(dir('theirs'), base);
          pairs.get(what)!.ours = await ourLogits(base, loaded.adaptation, loaded.adapter.theta, rows);
        });
      }
      const file = join(folder, 'jobs.json');
      writeFileSync(file, JSON.stringify(jobs));
      await peer('batch.py', [file]);
      for (const run of later) await run();
    });
    after(() => rmSync(folder, { recursive: true, force: true }));

    const titles = KINDS.flatMap((kind) => [
      `PEFT loads our ${kind.name}`,
      ...(merged.includes(kind) ? [`transformers loads the merged ${kind.name}`] : []),
      `we load PEFT's ${kind.name}`,
    ]);
    for (const title of titles) {
      test(title, (t) => {
        const { ours, theirs } = pairs.get(title)!;
        const expected = theirs();
        assert.equal(ours.length, expected.length);
        let largest = 0;
        for (const [row, logits] of ours.entries()) {
          assert.equal(logits.length, expected[row]!.length);
          for (const [i, value] of logits.entries()) largest = Math.max(largest, Math.abs(value - expected[row]![i]!));
        }
        t.diagnostic(`largest difference ${largest.toExponential(1)}`);
        assert.ok(largest < TOLERANCE, `largest difference ${largest}`);
      });
    }
  });
}

for (const name of ['llama-gqa-tied-bf16', 'qwen2', 'llama-linear-biases-sharded']) {
  compare(name, async () => openBase(modelFixture(name).dir, cache), {
    rank: 6,
    scale: 0.1,
    merged: KINDS,
    double: false,
  });
}

const smollm2 = join(import.meta.dirname, '../.models/SmolLM2-135M-Instruct.Q4_1.gguf');
if (existsSync(smollm2)) {
  // A merge writes the whole model: one of each method is enough. Logits reach 35 here, where transformers' own float32 is up
  // to 7e-5 from its float64: two float32 programs may be 1e-4 apart, so ours is compared with float64.
  const merged = KINDS.filter(
    (kind) => kind.name === 'VeRA q_proj,v_proj seed-only' || kind.name === 'LoRA all-linear',
  );
  compare('SmolLM2-135M', () => resolveBase(smollm2, { cache }), { rank: 64, scale: 0.01, merged, double: true });
} else {
  test('SmolLM2-135M', { skip: 'it is not here: test/models/fetch.sh fetches it' });
}
