// Slow: runs whole commands in processes of their own.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CommanderError } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { VeraError } from '../protocol/errors.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import { COMMANDS } from './commands.ts';
import { failureOf } from './failure.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
const home = mkdtempSync(join(tmpdir(), 'vera-main-'));
after(() => rmSync(home, { recursive: true }));

function vera(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    env: { ...process.env, VERA_HOME: home, HF_ENDPOINT: 'http://127.0.0.1:9' },
  });
  return { status, stdout, stderr };
}

test('version and help', () => {
  assert.deepEqual(vera('--version'), { status: 0, stdout: `${manifest.version}\n`, stderr: '' });
  const { status, stdout, stderr } = vera('--help');
  assert.equal(status, 0);
  assert.equal(stderr, '');
  for (const name of Object.keys(COMMANDS)) assert.match(stdout, new RegExp(`^  ${name} `, 'm'));
  assert.match(stdout, /Examples:\n  \$ vera train/);
  assert.match(stdout, /Exit codes: 0 done, 1 unexpected, 2 usage, 3 data, 4 model, 5 adapter/);
  const none = vera();
  assert.equal(none.status, 2);
  assert.match(none.stderr, /Usage: vera/);
});

test('every command has help of its own, and says what --json and --verbose do', () => {
  for (const name of Object.keys(COMMANDS)) {
    const { status, stdout } = vera(name, '--help');
    assert.equal(status, 0, name);
    assert.match(stdout, new RegExp(`^Usage: vera ${name} `), name);
    for (const flag of ['--json', '--verbose']) assert.equal(stdout.split(`\n  ${flag} `).length, 2, `${name} ${flag}`);
  }
});

test('a wrong command line: one line that names what is wrong, exit code 2', () => {
  const cases: [string[], RegExp][] = [
    [['tran'], /^vera: unknown command 'tran' \(Did you mean train\?\)\n$/],
    [['train', '--stesp', '3'], /^vera: unknown option '--stesp' \(Did you mean --steps\?\)\n$/],
    [['--nothing'], /^vera: unknown option '--nothing'\n$/],
    [['plan', '--rank', '-1'], /^vera: Rank must be a whole number from 1 to 65536, not -1 \(--rank\)\n$/],
    [['plan', '--rank', 'many', '--base', 'x'], /Rank must be a whole number from 1 to 65536, not "many" \(--rank\)/],
    [['plan', '--precision', 'fp64'], /Weight format must be one of auto, fp32, int8, not "fp64" \(--precision\)/],
    [['plan'], /--base/],
    [['generate', '--base', 'x'], /^vera: required option '--prompt <text>' not specified\n$/],
    [['merge', 'a', 'b', '--out', 'c'], /too many arguments/],
  ];
  for (const [args, says] of cases) {
    const { status, stdout, stderr } = vera(...args);
    assert.match(stderr, says, args.join(' '));
    assert.equal(stderr.trimEnd().split('\n').length, 1, args.join(' '));
    assert.equal(status, 2, args.join(' '));
    assert.equal(stdout, '');
  }
});

test('--json puts the error on standard output too; the stack comes with --verbose alone', () => {
  const { status, stdout, stderr } = vera('plan', '--base', 'no/where/at/all', '--json');
  assert.equal(status, 4);
  const { event, code, message } = JSON.parse(stdout);
  assert.deepEqual([event, code], ['error', 'model']);
  assert.equal(stderr, `vera: ${message}\n`);
  assert.doesNotMatch(stderr, /\n\s+at /);
  const usage = vera('plan', '--rank', '0', '--json');
  assert.equal(JSON.parse(usage.stdout).code, 'usage');
  const { stderr: verbose, stdout: nothing } = vera('plan', '--base', 'no/where/at/all', '--verbose');
  assert.match(verbose, /\n\s+at .*resolve\.ts/);
  assert.match(verbose, /^vera: /m);
  assert.equal(nothing, '');
});

test('after -- nothing is a flag', () => {
  const { stdout, stderr } = vera('import', '--base', 'x', '--out', join(home, 'out'), '--', '--json');
  assert.equal(stdout, '');
  assert.match(stderr, /^vera: /);
});

test('every kind of error has an exit code of its own', () => {
  const codes: ErrorCode[] = ['usage', 'data', 'model', 'adapter', 'format', 'io', 'numeric', 'runtime'];
  const exits = codes.map((code) => failureOf(new VeraError(code, 'x'))?.exitCode);
  assert.deepEqual(exits, [2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(failureOf(new TypeError('x'))?.exitCode, 1);
  assert.equal(failureOf('thrown')?.exitCode, 1);
  assert.equal(
    failureOf(Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC', syscall: 'write' }))?.exitCode,
    7,
  );
  assert.equal(failureOf(Object.assign(new Error('x'), { name: 'AbortError' }))?.exitCode, 130);
  assert.equal(failureOf(new CommanderError(0, 'commander.version', '1')), undefined);
  assert.equal(failureOf(new VeraError('data', 'two\n  lines\r\n'))?.message, 'two lines');
});

test('a reader that stops early ends the command in silence', async () => {
  const child = spawn(process.execPath, [MAIN, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const status = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(stderr, '');
  assert.ok(status === 141 || status === 0, `exit code ${String(status)}`);
});

test('ctrl-C while a command works: 130 for a shell', async () => {
  // A hub that never answers: the command is sure to be at work.
  const { createServer } = await import('node:net');
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const connected = new Promise((resolve) => server.once('connection', resolve));
  const child = spawn(process.execPath, [MAIN, 'plan', '--base', 'some/model'], {
    env: { ...process.env, VERA_HOME: home, HF_ENDPOINT: `http://127.0.0.1:${port}` },
    stdio: 'ignore',
  });
  await connected;
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.on('close', (...how) => resolve(how)),
  );
  child.kill('SIGINT');
  const [code, signal] = await ended;
  server.close();
  // A shell shows death by SIGINT as 130.
  assert.ok(code === 130 || signal === 'SIGINT', `${String(code)} ${String(signal)}`);
});
