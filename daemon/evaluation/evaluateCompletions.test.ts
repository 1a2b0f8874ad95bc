// Slow: generates text with the bundled model.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { madeAdapter } from '../../test/engine.ts';
import { DEMO } from '../../test/served.ts';
import { root } from '../../test/sources.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { saveAdapter } from '../export/adapter.ts';
import { openBase } from '../models/base.ts';
import { completionReport } from '../protocol/completionReport.ts';
import { evaluateCompletions } from './evaluateCompletions.ts';
import { completeCompletion } from './settings.ts';

const cache = temporaryFolder();
const data = join(root, 'webview');
const settings = completeCompletion({ limit: 12, threads: 1, context: 256 });

async function adapterFolder(size: number): Promise<string> {
  const dir = join(temporaryFolder(), 'adapter');
  const { method, options, sites, theta } = madeAdapter(openBase(DEMO, cache), { rank: 8, size });
  const about = { method, options, sites: [...sites], targets: 'all-linear', theta, basePath: DEMO };
  await saveAdapter(dir, about, { projection: false });
  return dir;
}

test('base and adapters are measured on the same cases, the base first; the report is the same each time', async () => {
  const [idle, wild] = [await adapterFolder(0), await adapterFolder(0.5)];
  const adapters = [
    { name: 'idle', id: 3, dir: idle },
    { name: 'wild', id: null, dir: wild },
  ];
  const progress: number[] = [];
  const options = { cache, onProgress: (_: string, fraction: number) => void progress.push(fraction) };
  const report = await evaluateCompletions({ data, adapters, settings, texts: true }, options);
  completionReport.parse(report);
  assert.deepEqual(
    report.sides.map(({ name, adapter, method }) => [name, adapter, method]),
    [
      ['base', null, null],
      ['idle', 3, 'VeRA'],
      ['wild', null, 'VeRA'],
    ],
  );
  assert.equal(report.cases, 12);
  assert.equal(report.lines + report.blocks, 12);
  assert.equal(report.fillInTheMiddle, true);
  assert.equal(report.notes.length, 2); // both adapters say nothing of their data
  assert.deepEqual(report.sides[1]!.figures, report.sides[0]!.figures);
  assert.deepEqual(
    report.differences.map(({ of, than }) => [of, than]),
    [
      [1, 0],
      [2, 0],
      [2, 1],
    ],
  );
  for (const { given } of report.suggestions!) assert.equal(given[1], given[0]);
  assert.ok(report.suggestions!.some(({ given }) => given[2] !== given[0]));
  assert.ok(progress.length >= 36);
  assert.deepEqual(await evaluateCompletions({ data, adapters, settings, texts: true }, { cache }), report);
});

test('too few cases, and neither base nor adapter, are errors that say what to do', async () => {
  const dir = temporaryFolder();
  writeFileSync(join(dir, 'one.ts'), 'export const answer = compute(42);\n');
  const few = { data: dir, base: DEMO, adapters: [], settings };
  await assert.rejects(evaluateCompletions(few, { cache }), {
    code: 'data',
    message: /only 1 cases in 1 files.*more code/,
  });
  const { base: _, ...none } = few;
  await assert.rejects(evaluateCompletions(none, { cache }), { code: 'usage', message: /choose an adapter/ });
});

test('an evaluation that is cancelled ends', async () => {
  const stop = new Error('stop');
  const onProgress = (_: string, fraction: number): void => {
    if (fraction > 0.2) throw stop;
  };
  const request = { data, base: DEMO, adapters: [], settings };
  await assert.rejects(evaluateCompletions(request, { cache, onProgress }), stop);
});
