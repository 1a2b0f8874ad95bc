// Slow: runs a training job in a real daemon.
/** A real training job, watched by two clients at once, one of which is cut off again and again, and by the command line. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import diagnostics from 'node:diagnostics_channel';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from '../daemon/client/connect.ts';
import type { Event } from '../daemon/protocol/events.ts';
import * as jobs from '../daemon/protocol/jobs.ts';
import { metricsFile } from '../daemon/train/folder.ts';
import { daemonHome, until } from './daemon.ts';
import { writeTinyModel, writeTinyText } from './fixtures/train/tiny.ts';

const home = daemonHome();
const MAIN = join(import.meta.dirname, '../daemon/cli/main.ts');
const base = writeTinyModel(join(home, 'tiny'));
const data = writeTinyText(join(home, 'text.jsonl'), 60);
const SMALL = { length: 48, batch: 2, rank: 8, threads: 1, sampleTokens: 0 };
const FLAGS = ['--length', '48', '--batch', '2', '--rank', '8', '--threads', '1', '--sample-tokens', '0'];

const inOrder = (events: readonly Event[]): number[] => {
  const numbers = events.map(({ number }) => number);
  assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b), 'each event once, in order'); // prettier-ignore
  return numbers;
};
const told = (events: readonly Event[], name: string): Record<string, unknown>[] =>
  events.flatMap(({ body }) => (body.type === 'worker' && body.event['event'] === name ? [body.event] : []));
const ended = (events: readonly Event[]): boolean =>
  events.some(({ body }) => body.type === 'job' && body.job.state === 'succeeded');

test('two clients watch a training job, one is cut off five times: both see every event once and in order', async () => {
  const STEPS = 250;
  const CUTS = 5;
  const steady = await connect();
  const sockets: Socket[] = [];
  const opened = (message: unknown): void => void sockets.push((message as { socket: Socket }).socket);
  diagnostics.subscribe('net.client.socket', opened);
  let reconnected = 0;
  const shaky = await connect({ onReconnect: () => (reconnected += 1) });
  assert.equal(sockets.length, 1);

  const settings = { data, base, ...SMALL, steps: STEPS, evalEvery: 50 };
  const { number } = await steady.follow(['jobs'], undefined, { events: () => undefined });
  const job = await steady.call(jobs.submit, { spec: { kind: 'train', settings } });
  const [seen, patchy]: [Event[], Event[]] = [[], []];
  await steady.follow([`job/${job.id}`], number, { events: (events) => void seen.push(...events) });
  let cuts = 0;
  await shaky.follow([`job/${job.id}`], number, {
    events: (events) => {
      patchy.push(...events);
      if (cuts >= CUTS || told(patchy, 'step').length < (cuts + 1) * 30) return;
      cuts++;
      // The newest connection is this client's: it dies in the middle of the run, without a word to the other side.
      sockets.at(-1)!.destroy();
    },
  });
  await until('both see the end', () => ended(seen) && ended(patchy), 120_000);
  diagnostics.unsubscribe('net.client.socket', opened);

  assert.equal(cuts, CUTS);
  assert.equal(reconnected, CUTS);
  assert.deepEqual(inOrder(patchy), inOrder(seen));
  assert.deepEqual(patchy, seen);
  assert.deepEqual(told(seen, 'step').map(({ step }) => step), Array.from({ length: STEPS }, (_, i) => i + 1)); // prettier-ignore
  assert.equal(told(seen, 'done').length, 1);
  // The events contain what was measured.
  const { result } = await steady.call(jobs.get, { job: job.id });
  const dir = result!['dir'] as string;
  const lines = readFileSync(metricsFile(dir), 'utf8').trim().split('\n').map((line) => JSON.parse(line)); // prettier-ignore
  assert.deepEqual(
    told(seen, 'step').map(({ loss }) => loss),
    lines.filter(({ loss }) => loss !== undefined).map(({ loss }) => loss),
  );
  await shaky.close();
  await steady.close();
});

interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
  /** Standard output as JSON lines. */
  lines: () => Record<string, any>[]; // eslint-disable-line @typescript-eslint/no-explicit-any
}

function vera(...args: string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', cwd: home });
  return { status, stdout, stderr, lines: () => stdout.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line)) }; // prettier-ignore
}
function fine(...args: string[]): Outcome {
  const outcome = vera(...args);
  assert.equal(outcome.status, 0, `vera ${args.join(' ')}: ${outcome.stderr}`);
  return outcome;
}
const names = (...args: string[]): unknown[] => fine('adapters', 'list', '--json', ...args).lines().map(({ name }) => name); // prettier-ignore

test('from training to an adapter of the catalog: listed, activated, used, deleted, restored, moved', () => {
  const out = join(home, 'diary-out');
  const options = ['--name', 'diary', '--tag', 'daily', '--note', 'first words', '--project', 'notes'];
  assert.equal(fine('projects', 'create', 'notes', '--json').lines()[0]!['name'], 'notes');
  const lines = fine('train', data, '--base', base, '--out', out, '--steps', '4', ...FLAGS, ...options, '--json').lines(); // prettier-ignore
  assert.deepEqual(lines.filter(({ event }) => event === 'step').map(({ step }) => step), [1, 2, 3, 4]); // prettier-ignore
  const done = lines.at(-1)!;
  assert.deepEqual(Object.keys(done), ['event', 'adapter', 'trainLoss', 'evalLoss', 'baseEvalLoss', 'trainableParameters', 'adapterBytes', 'tokensPerSecond', 'peakRssBytes']); // prettier-ignore
  assert.deepEqual([done['event'], done['adapter']], ['done', out]);

  const [row] = fine('adapters', 'list', '--project', 'notes', '--json').lines();
  assert.deepEqual([row!['name'], row!['tags'], row!['note'], row!['heldOutLoss']], ['diary', ['daily'], 'first words', done['evalLoss']]); // prettier-ignore
  assert.match(fine('adapters', 'list').stdout, /^number +name .*\n.*diary +notes +vera 8 /);

  fine('adapters', 'activate', 'diary', '--project', 'notes');
  assert.equal(fine('adapters', 'active', '--project', 'notes', '--json').lines()[0]!['adapter'].name, 'diary');
  assert.equal(fine('adapters', 'active', '--json').lines()[0]!['adapter'], null);

  const prompt = ['--prompt', 'the fox', '--max-tokens', '6', '--temperature', '0', '--json'];
  const [byName, byFolder, byNumber] = ['diary', out, String(row!['id'])].map(
    (adapter) => fine('generate', '--adapter', adapter, ...prompt).lines()[0]!['text'],
  );
  assert.deepEqual([byName, byNumber], [byFolder, byFolder]);

  const refused = vera('adapters', 'delete', 'diary');
  assert.deepEqual([refused.status, refused.stdout], [2, '']);
  assert.match(refused.stderr, /--yes/);
  const deleted = fine('adapters', 'delete', 'diary', '--yes', '--json').lines()[0]!;
  assert.match(JSON.stringify(deleted['dependents']), /active/);
  assert.deepEqual([names('--project', 'notes'), names('--deleted')], [[], ['diary']]);
  assert.match(vera('generate', '--adapter', 'diary', ...prompt).stderr, /neither an adapter folder nor an adapter/);
  fine('adapters', 'restore', 'diary');

  const file = join(home, 'diary.vera');
  fine('adapters', 'pack', 'diary', file);
  const copy = fine('adapters', 'unpack', file, '--name', 'copy', '--json').lines()[0]!;
  assert.equal(copy['hash'], row!['hash']);
  fine('adapters', 'rename', 'copy', 'other');
  assert.deepEqual(names('--search', 'oth'), ['other']);
  fine('import', out, '--base', base, '--name', 'again');
  assert.deepEqual(names('--project', 'notes'), ['diary']);
  assert.equal(fine('adapters', 'show', 'again', '--json').lines()[0]!['hash'], row!['hash']);

  assert.equal(fine('runs', 'metrics', String(row!['run']), '--json').lines().filter(({ loss }) => loss !== null).length, 4); // prettier-ignore
  assert.match(fine('runs', 'show', String(row!['run'])).stdout, /adapter +\d+ "diary"[\s\S]*Settings:[\s\S]* rank +8/);
});

test('a job that fails ends the command with its line and exit code', () => {
  const bad = join(home, 'bad.jsonl');
  writeFileSync(bad, '{"text":"a"}\nno json\n');
  const { status, stderr, lines } = vera('train', bad, '--base', base, ...FLAGS, '--json');
  assert.equal(status, 3, stderr);
  assert.match(stderr, /^vera: .*bad\.jsonl.*line 2.*\n$/);
  assert.equal(lines().at(-1)!['event'], 'error');
  const job = fine('jobs', 'list', '--state', 'failed', '--json').lines()[0]!;
  assert.equal(job['error'].code, 'data');
  const again = vera('jobs', 'follow', String(job['id']));
  assert.deepEqual([again.status, again.stderr], [3, stderr]);
});

test('SIGINT where nobody can be asked stops at a checkpoint; --resume continues the same job', async () => {
  const out = join(home, 'stopped');
  const args = ['train', data, '--base', base, '--out', out, '--steps', '100000', '--schedule', 'constant', ...FLAGS];
  const child = spawn(process.execPath, [MAIN, ...args, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    if (!text.includes('"step":3,') && (text + chunk).includes('"step":3,')) child.kill('SIGINT');
    text += chunk;
  });
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 130);
  const last = JSON.parse(text.trim().split('\n').at(-1)!);
  assert.equal(last.event, 'stopped');
  assert.ok(existsSync(join(out, 'checkpoints', `step-${String(last.step).padStart(8, '0')}.ckpt`)));

  const paused = fine('jobs', 'list', '--state', 'paused', '--json').lines();
  assert.equal(paused.length, 1);
  const again = fine('train', '--resume', out, '--detach', '--json').lines()[0]!;
  assert.equal(again['id'], paused[0]!['id']);
  assert.match(vera('train', '--resume', out).stderr, /^vera: job \d+ trains in .*: vera jobs follow \d+\n$/);
  fine('jobs', 'cancel', String(again['id']));

  // With other settings it is another job, which continues from the checkpoint.
  await until('it is cancelled', () => fine('jobs', 'list', '--state', 'cancelled', '--json').stdout !== '');
  const state = fine('jobs', 'show', String(again['id']), '--json').lines()[0]!;
  const from = Number(state['progress'].step);
  const lines = fine('train', '--resume', out, '--steps', String(from + 2), '--json').lines();
  const steps = lines.filter(({ event }) => event === 'step').map(({ step }) => step);
  assert.ok(steps.length >= 2 && steps.length < from, `${steps.length} steps after ${from}`);
  assert.equal(lines.at(-1)!['adapter'], out);
});
