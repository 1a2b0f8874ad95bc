import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const MAIN = join(import.meta.dirname, 'main.ts');
const MODEL = join(import.meta.dirname, '../../test/fixtures/models/llama');
const home = mkdtempSync(join(tmpdir(), 'vera-plan-'));
after(() => rmSync(home, { recursive: true }));

function plan(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, VERA_HOME: join(home, 'home') };
  return spawnSync(process.execPath, [MAIN, 'plan', ...args], { encoding: 'utf8', env });
}

test('a plan as JSON, of a folder that holds config.json alone', () => {
  const folder = join(home, 'bare');
  mkdirSync(folder);
  copyFileSync(join(MODEL, 'config.json'), join(folder, 'config.json'));
  const { status, stdout, stderr } = plan(
    '--base',
    folder,
    '--rank',
    '8',
    '--targets',
    'q_proj,v_proj',
    '--lora-ranks',
    '1,4',
    '--batch',
    '2',
    '--length',
    '16',
    '--steps',
    '10',
    '--json',
  );
  assert.equal(stderr, '');
  assert.equal(status, 0);
  assert.equal(stdout.trimEnd().split('\n').length, 1);
  const { vera, lora, adapters, base, memory } = JSON.parse(stdout);
  // Two layers with q and v of 32 x 32.
  assert.equal(vera.parameters, 4 * (32 + 8));
  assert.equal(vera.valueBytes, 16 * (32 + 8));
  assert.ok(vera.bytes > vera.valueBytes && vera.bytes < vera.valueBytes + 1200);
  assert.equal(vera.fullBytes - vera.bytes > 2 * 4 * 8 * 32, true);
  assert.deepEqual(
    lora.map(({ rank, parameters }: { rank: number; parameters: number }) => [rank, parameters]),
    [
      [1, 4 * 64],
      [4, 4 * 4 * 64],
    ],
  );
  assert.ok(vera.peakMemoryBytes > 1e8 && vera.peakMemoryBytes === memory.total);
  assert.ok(Math.abs(vera.seconds - 10 * vera.secondsPerStep) < 1e-9 && vera.secondsPerStep > 0);
  assert.equal(adapters[2].count, 1e6);
  assert.equal(adapters[2].veraBytes, 1e6 * vera.bytes);
  assert.equal(adapters[2].lora[1].bytes, 1e6 * lora[1].bytes);
  assert.equal(base.adaptedLayers, 4);
});

test('a plan for a person', () => {
  const { status, stdout } = plan(
    '--base',
    MODEL,
    '--rank',
    '8',
    '--layers',
    '0',
    '--batch',
    '1',
    '--length',
    '16',
    '--precision',
    'int8',
  );
  assert.equal(status, 0);
  assert.match(stdout, /q_proj,v_proj: 2 layers adapted; 1 x 16 tokens a step, int8/);
  assert.match(stdout, /^VeRA r=8 +80 /m);
  assert.match(stdout, /^LoRA r=16 +2,048 /m);
  assert.match(stdout, /^1,000,000 /m);
  assert.match(stdout, /\* estimates\..*GOP\/s in int8/s);
});

test('the paper table, with its odd cells explained', () => {
  const { status, stdout } = plan('--paper');
  assert.equal(status, 0);
  assert.match(stdout, /^RoBERTa-base +256 +9437\.1K +36MB +24\.5K +96KB$/m);
  assert.match(stdout, /^GPT-3 +16 +75\.5M +288MB +2\.8M\* +10\.5MB\*$/m);
  assert.match(stdout, /275 TB/);
  assert.match(stdout, /RoBERTa-large, rank 16: 49\.5K is that of rank 8 \(rank 16 has 49,920\)/);
  const { paper } = JSON.parse(plan('--paper', '--json').stdout);
  assert.equal(paper.length, 9);
  assert.deepEqual(paper[4].vera, { parameters: 49920, bytes: 199680 });
});

test('what cannot be planned is refused by name', () => {
  const refused = (says: RegExp, ...args: string[]): void => {
    const { status, stderr } = plan('--base', MODEL, ...args);
    assert.match(stderr, says);
    assert.equal(status, 2);
  };
  refused(/Rank must be a whole number from 1 to 65536/, '--rank', '2000000000');
  refused(/Rank of LoRA must be .* not 65537 \(--lora-ranks\)/, '--lora-ranks', '1,65537');
  refused(/Batch size 65536 times Row length 65536/, '--batch', '65536', '--length', '65536');
  refused(/targets "nothing"/, '--targets', 'nothing');
  refused(/layers "9"/, '--layers', '9');
});
