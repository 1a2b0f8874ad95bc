// Slow: runs whole training commands.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DONE_FIELDS, writeTinyChat, writeTinyModel, writeTinyText } from '../../test/fixtures/train/tiny.ts';

const root = mkdtempSync(join(tmpdir(), 'vera-train-'));
after(() => rmSync(root, { recursive: true }));
const main = join(import.meta.dirname, 'main.ts');
const env = { ...process.env, VERA_HOME: join(root, 'home') };
const base = writeTinyModel(join(root, 'tiny'));
const data = writeTinyText(join(root, 'text.jsonl'), 60);
const chat = writeTinyChat(join(root, 'chat.jsonl'), 20);

function vera(...args: string[]): {
  status: number | null;
  lines: Record<string, unknown>[];
  stdout: string;
  stderr: string;
} {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { env, encoding: 'utf8' });
  const lines = args.includes('--json') ? stdout.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line)) : []; // prettier-ignore
  return { status, lines, stdout, stderr };
}
const out = (name: string): string => join(root, name);
/** The command that trains in this process, into a folder of this name. */
const trainInto = (name: string, from: string): string[] => [
  'train',
  '--foreground',
  from,
  '--base',
  base,
  '--out',
  out(name),
];
const SMALL = ['--length', '48', '--batch', '2', '--rank', '8', '--threads', '1', '--sample-tokens', '3'];

test('train: JSON lines, the last one with the promised keys; eval agrees with it', () => {
  const { status, lines, stderr } = vera(...trainInto('a', data), '--steps', '5', ...SMALL, '--json');
  assert.equal(status, 0, stderr);
  const done = lines.at(-1)!;
  assert.deepEqual(Object.keys(done), DONE_FIELDS);
  assert.equal(done['event'], 'done');
  assert.equal(done['adapter'], out('a'));
  for (const [name, value] of Object.entries(done).slice(2)) assert.ok(typeof value === 'number' && value > 0, name);
  assert.equal(lines.filter(({ event }) => event === 'step').length, 5);
  const report = lines.find(({ event }) => event === 'report') as { estimate: Record<string, number> };
  assert.equal(report.estimate['trainableParameters'], done['trainableParameters']);
  assert.equal(report.estimate['adapterBytes'], done['adapterBytes']);

  const rows = readFileSync(data, 'utf8').trim().split('\n').slice(0, 9).join('\n');
  writeFileSync(join(root, 'few.jsonl'), rows);
  const [few, one] = [
    vera('eval', '--foreground', join(root, 'few.jsonl'), '--base', base, '--adapter', out('a'), '--json'),
    vera(
      'eval',
      '--foreground',
      join(root, 'few.jsonl'),
      '--base',
      base,
      '--adapter',
      out('a'),
      '--json',
      '--batch',
      '1',
    ),
  ];
  const [a, b] = [few.lines[0]!, one.lines[0]!] as [Record<string, number>, Record<string, number>];
  assert.deepEqual(Object.keys(a), ['loss', 'perplexity', 'tokens']);
  assert.equal(a['perplexity'], Math.exp(a['loss']!));
  assert.equal(a['tokens'], b['tokens']);
  assert.ok(Math.abs(a['loss']! - b['loss']!) < 1e-5);
  const cut = vera('eval', '--foreground', join(root, 'few.jsonl'), '--base', base, '--length', '6', '--json')
    .lines[0]!;
  assert.equal(cut['tokens'], 9 * 5, 'each of nine rows has six tokens, of which the first is not predicted');
});

test('train without --json: what is learned from, the loss before and after, estimated and measured figures', () => {
  const { status, stdout, stderr } = vera(...trainInto('plain', chat), '--epochs', '1', '--held-out', '0.2', ...SMALL);
  assert.equal(status, 0, stderr);
  for (const words of [
    /^Data: JSONL, chat messages/,
    /Before training: held-out loss \d/,
    /Sample before training/,
    /Loss: training .* held-out .* before/,
    /trainable parameters +[\d,]+ +[\d,]+/,
    /peak memory .*MB/,
    /Adapter: /,
  ]) {
    assert.match(stdout, words);
  }
});

test('--resume continues, lengthens a run, and refuses what would make it another', () => {
  assert.equal(vera(...trainInto('long', data), '--steps', '3', ...SMALL).status, 0);
  const longer = vera('train', '--foreground', '--resume', out('long'), '--steps', '6', '--json');
  assert.equal(longer.status, 0, longer.stderr);
  assert.deepEqual(longer.lines.filter(({ event }) => event === 'step').map(({ step }) => step), [4, 5, 6]); // prettier-ignore
  const refused = vera('train', '--resume', out('long'), '--seed', '5');
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /Seed cannot change when a run is resumed; .*\(--seed\)/);
  assert.match(vera('train', '--resume', root).stderr, /holds no run to resume/);
  assert.match(
    vera('train', data, '--base', base, '--out', out('long')).stderr,
    /holds a run; choose another folder.* \(--out\): vera train --resume /,
  );
});

test('SIGINT stops after the step under way and says how to continue', async () => {
  const child = spawn(
    process.execPath,
    [main, ...trainInto('int', data), '--steps', '100000', '--schedule', 'constant', ...SMALL, '--json'],
    { env, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    if (!text.includes('"step":3') && (text + chunk).includes('"step":3')) child.kill('SIGINT');
    text += chunk;
  });
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 130);
  const last = JSON.parse(text.trim().split('\n').at(-1)!) as { event: string; step: number };
  assert.equal(last.event, 'stopped');
  assert.ok(existsSync(join(out('int'), 'checkpoints', `step-${String(last.step).padStart(8, '0')}.ckpt`)));
});

const WRONG: [string[], number, RegExp][] = [
  [['--rank', '-1'], 2, /Rank must be a whole number from 1 to 65536, not -1 \(--rank\)/],
  [['--rank', '99999999'], 2, /Rank must be a whole number from 1 to 65536/],
  [['--rank', 'many'], 2, /Rank must .* not "many" \(--rank\)/],
  [['--lr', 'NaN'], 2, /Learning rate must be a number above 0.*\(--lr\)/],
  [['--lr', '-0.1'], 2, /--lr/],
  [['--lr', '1e400'], 2, /--lr/],
  [['--steps', '1.5'], 2, /--steps/],
  [['--steps', '3', '--epochs', '2'], 2, /Steps and Epochs exclude each other.*\(--steps, --epochs\)/],
  [['--batch', '0'], 2, /--batch/],
  [['--length', '129'], 2, /Row length 129 is more than the 128/],
  [['--dropout', '2'], 2, /--dropout/],
  [['--precision', 'fp8'], 2, /Weight format must be one of auto, fp32, int8, not "fp8" \(--precision\)/],
  [['--method', 'dora'], 2, /Method must be one of vera, lora, full, not "dora" \(--method\)/],
  [['--targets', 'z_proj'], 2, /targets "z_proj" match no linear layer/],
  [['--layers', '7'], 2, /layers "7"/],
  [['--format', 'prose'], 2, /--format/],
  [['--unknown'], 2, /unknown option/],
];

test('each wrong flag is one clear line and exit code 2', () => {
  for (const [flags, code, says] of WRONG) {
    const { status, stderr, stdout } = vera(...trainInto('wrong', data), '--sample-tokens', '0', ...flags);
    assert.equal(status, code, `${flags.join(' ')}: ${stderr}`);
    assert.match(stderr, says);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
    assert.equal(stdout, '');
    assert.ok(!existsSync(out('wrong')), 'nothing is left behind');
  }
});

test('data or a base that is not there', () => {
  assert.match(vera('train', join(root, 'no.jsonl'), '--base', base).stderr, /no\.jsonl is not there/);
  assert.equal(vera('train', '--foreground', data, '--base', join(root, 'nothing')).status, 4);
  assert.match(vera('train', data).stderr, /the base model is missing/);
  assert.match(
    vera('eval', '--foreground', data, '--base', base, '--length', '500').stderr,
    /Row length 500 is more than the 128 .*\(--length\)/,
  );
});
