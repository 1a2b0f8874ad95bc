// Slow: starts and stops real daemons.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { test } from 'node:test';
import manifest from '../../package.json' with { type: 'json' };
import { daemonHome, isAlive, until } from '../../test/daemon.ts';
import { catalogFolder, discoveryFile, logsFolder } from '../home.ts';
import { readDiscovery } from '../life/discovery.ts';
import { checkDaemon, checkState } from './daemonHealth.ts';
import { readable } from '../client/logs.ts';

const home = daemonHome();
const MAIN = join(import.meta.dirname, 'main.ts');

function vera(...args: string[]): {
  status: number | null;
  stdout: string;
  stderr: string;
  json: () => Record<string, unknown>;
} {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'daemon', ...args], { encoding: 'utf8' });
  if (status !== 0) assert.fail(`vera daemon ${args.join(' ')}: ${stderr}`);
  return { status, stdout, stderr, json: () => JSON.parse(stdout) as Record<string, unknown> };
}

const checks = async (): Promise<Record<string, string>> =>
  Object.fromEntries(
    (await checkDaemon()).map(({ name, status, message, cure }) => [name, `${status}: ${message} -> ${cure ?? ''}`]),
  );

test('start, status, restart, logs, stop', async () => {
  const none = { running: false, pid: null, port: null, version: null, discovery: discoveryFile() };
  assert.deepEqual(vera('status', '--json').json(), none);
  assert.match(vera('stop').stdout, /No daemon runs/);

  const started = vera('start', '--json').json();
  assert.equal(started.started, true);
  const { pid, port, token } = readDiscovery()!;
  const { running, version, discovery, ...more } = vera('status', '--json').json();
  assert.deepEqual(
    [running, more.pid, more.port, version, discovery],
    [true, pid, port, manifest.version, discoveryFile()],
  );
  assert.match(vera('start', '--port', '1').stdout, /runs already .*vera daemon restart/);
  assert.match(vera('status').stdout, /0 running, 0 queued.*\n.*0 besides this one/);

  assert.equal(vera('restart', '--json').json().started, true);
  await until('the first ends', () => !isAlive(pid));
  assert.notEqual(readDiscovery()!.token, token);

  const { stdout } = vera('logs', '-n', '3');
  assert.equal(stdout.trim().split('\n').length, 3);
  assert.match(stdout, /info {3}ready {2}port=\d+/);
  const raw = JSON.parse(vera('logs', '-n', '1', '--json').stdout) as { msg: string };
  assert.equal(raw.msg, 'ready');

  const second = readDiscovery()!.pid;
  assert.match(vera('stop', '--now').stdout, /has ended/);
  await until('it ends', () => !isAlive(second));
  assert.match((await checks())['daemon']!, /^right: is not running; the last one .* was killed/);
  assert.equal(vera('start').status, 0);
  assert.deepEqual(vera('stop', '--json').json(), { stopped: true, jobs: 0 });
  assert.equal(vera('status', '--json').json().running, false);
});

test('logs --follow prints what is written from then on', async () => {
  const follower = spawn(process.execPath, [MAIN, 'daemon', 'logs', '-n', '0', '--follow'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  createInterface(follower.stdout).on('line', (line) => lines.push(line));
  // It has no line of its own to say that it listens, so there is more than one start to see.
  await until(
    'it has seen a start',
    () => {
      vera('restart');
      return lines.some((line) => line.includes('ready'));
    },
    60_000,
  );
  follower.kill('SIGINT');
  await once(follower, 'close');
  vera('stop');
});

test('doctor: each thing that is wrong, and what to do', async () => {
  assert.match((await checks())['daemon']!, /^right: is not running/);
  writeFileSync(discoveryFile(), '{');
  assert.match((await checks())['discovery']!, /^poor: .* is damaged: it is not JSON -> vera daemon start/);
  assert.equal(vera('start').status, 0);
  const well = await checks();
  assert.ok(
    Object.values(well).every((text) => text.startsWith('right')),
    JSON.stringify(well),
  );
  vera('stop');

  chmodSync(logsFolder(), 0o755);
  assert.match(checkState([home, logsFolder()]).cure!, /chmod 700 .*logs$/);
  assert.equal(vera('start').status, 0);
  assert.equal(statSync(logsFolder()).mode & 0o777, 0o700);
  vera('stop');

  assert.match((await checks())['catalog']!, /^right: .*schema \d+, whole/);
  rmSync(catalogFolder(), { recursive: true });
  mkdirSync(catalogFolder());
  writeFileSync(join(catalogFolder(), 'catalog.db'), 'SQLite format 3\0'.padEnd(8192, 'x'));
  assert.match((await checks())['catalog']!, /^wrong: .*catalog.db .* -> vera daemon restart/);
  rmSync(catalogFolder(), { recursive: true });
});

test('a line of the log for people', () => {
  assert.equal(
    readable('{"level":40,"time":0,"pid":7,"job":3,"msg":"a\\u001b[31mb"}'),
    '1970-01-01 00:00:00.000  warn   a [31mb  job=3',
  );
  assert.match(
    readable('{"level":50,"time":0,"err":{"stack":"Error: x\\n    at y"},"msg":"m"}'),
    /error {2}m\n {4}Error: x\n {4}at y/,
  );
  assert.equal(readable('{"level":30,"ti'), '{"level":30,"ti');
});
