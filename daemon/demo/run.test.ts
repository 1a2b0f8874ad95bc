// Slow: runs the demo.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { before, test } from 'node:test';
import { temporaryFolder } from '../../test/temporary.ts';
import { openBase } from '../models/base.ts';

const folder = temporaryFolder();
const base = join(folder, 'base');
const home = join(folder, 'home');
const main = resolve(import.meta.dirname, '../cli/main.ts');

// The model's shape and tokenizer with random weights: what the demo does does not depend on them.
before(() => void execFileSync(process.execPath, [join(import.meta.dirname, 'recipe/init.ts'), base]));

function demo(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const all = [
    main,
    'demo',
    '--base',
    base,
    '--data',
    resolve(import.meta.dirname, '../runtime'),
    '--threads',
    '1',
    ...args,
  ];
  const env = { ...process.env, VERA_HOME: home };
  return spawnSync(process.execPath, all, { env, encoding: 'utf8' });
}

test('the demo trains, shows losses and completions before and after, shows sizes, merges and names its files', () => {
  const { status, stdout, stderr } = demo('--steps', '3');
  assert.equal(status, 0, stderr);
  for (const part of [
    /^1\. Model and data\n.*3,541,824 parameters/m,
    /^2\. Before training\n.*loss is 8\.\d{4}/m,
    /^3\. Training 3 steps of VeRA/m,
    /Held-out loss (falls|does not fall) from 8\.\d{4} to 8\.\d{4}/,
    /most likely continuation of\n {4}import .*[\s\S]*\n {2}before:\n[\s\S]*\n {2}after:\n/,
    /^ {2}VeRA r=64 +15,232 +0\.43 % +72\.9 kB/m,
    /^ {2}LoRA r=4 +94,976 +2\.7 %/m,
    /logits differ by at most [\d.e-]+ from those of model and adapter/,
    /^What to do next\n.*\n.*generate --base/m,
  ])
    assert.match(stdout, part);
  assert.doesNotMatch(stdout, /NaN|undefined|\r|\u001b/);
  assert.ok(existsSync(join(home, 'demo/adapter/adapter_config.json')));
  assert.equal(openBase(join(home, 'demo/model'), join(home, 'cache')).config.hidden, 192);
});

test('a second run uses a new folder; with --json it prints its events as lines', () => {
  const { status, stdout, stderr } = demo('--steps', '1', '--json');
  assert.equal(status, 0, stderr);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const events = lines.map(({ event }) => event);
  for (const event of ['model', 'start', 'step', 'eval', 'done', 'savings', 'merged'])
    assert.ok(events.includes(event), event);
  assert.deepEqual(lines.at(-1), {
    event: 'demo',
    adapter: join(home, 'demo-2/adapter'),
    model: join(home, 'demo-2/model'),
  });
});

test('without its model the demo reports that', () => {
  const { status, stderr } = demo('--base', folder);
  assert.equal(status, 4);
  assert.match(stderr, /^vera: .* holds no model\.safetensors; the demo runs in a checkout/);
});
