// Slow: starts and stops real daemons.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import manifest from '../../package.json' with { type: 'json' };
import { daemonHome, isAlive, until } from '../../test/daemon.ts';
import { catalogFile, daemonLockFile, discoveryFile, logsFolder } from '../home.ts';
import { readDiscovery, writeDiscovery } from '../life/discovery.ts';
import { isLocked } from '../process/lock.ts';
import { status } from '../protocol/life.ts';
import { PROTOCOL } from '../protocol/method.ts';
import { usersCreate, usersList } from '../protocol/owners.ts';
import { connect as connectFor } from './connect.ts';
import type { Client } from './connect.ts';
import { stopDaemon } from './stop.ts';

const home = daemonHome();
const run = promisify(execFile);
const open: Client[] = [];
const connect: typeof connectFor = async (options) => {
  const client = await connectFor(options);
  open.push(client);
  return client;
};
afterEach(async () => {
  // Also those of a test that failed: they would keep this process.
  for (const client of open.splice(0)) await client.close();
  await stopDaemon();
});

/** A client in a process of its own, which says the id of its daemon's process. */
const otherClient = async (): Promise<number> => {
  const script = `import { connect } from ${JSON.stringify(join(import.meta.dirname, 'connect.ts'))};
    const client = await connect();
    console.log(client.daemon().pid);
    await client.close();`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
  return Number(stdout);
};

test('clients that come at once start one daemon, in good time', async (t) => {
  const [a, b, other, another] = await Promise.all([connect(), connect(), otherClient(), otherClient()]);
  const pid = a.daemon()!.pid;
  assert.deepEqual([b.daemon()!.pid, other, another], [pid, pid, pid]);
  const found = await a.call(status, {});
  assert.deepEqual([found.pid, found.version, found.protocol], [pid, manifest.version, PROTOCOL]);
  assert.equal(found.idleAt, null);
  assert.equal(statSync(discoveryFile()).mode & 0o777, 0o600);
  for (const folder of ['daemon', 'catalog', 'logs', 'uploads', 'runs']) {
    assert.equal(statSync(join(home, folder)).mode & 0o777, 0o700, folder);
  }
  await a.close();
  await b.close();
  await assert.rejects(a.call(status, {}), { code: 'daemon' });
  await stopDaemon();
  await until('its process ends', () => !isAlive(pid));
  assert.equal(readDiscovery(), undefined);

  const ready = readFileSync(join(logsFolder(), 'daemon.log'), 'utf8').match(/"ms":(\d+),"msg":"ready"/);
  t.diagnostic(`ready after ${ready![1]} ms, while four clients started`);
});

test('after SIGKILL a call starts another daemon, with another token; what was acknowledged is there', async () => {
  const why: string[] = [];
  const client = await connect({ onDisconnect: (reason) => why.push(reason) });
  const first = client.daemon()!;
  await client.call(usersCreate, { name: 'kept' });
  process.kill(first.pid, 'SIGKILL');
  await until('the client knows', () => why.length === 1);
  const { items } = await client.call(usersList, {});
  assert.ok(items.some(({ name }) => name === 'kept'));
  const second = client.daemon()!;
  assert.notEqual(second.pid, first.pid);
  assert.notEqual(second.token, first.token);
  assert.deepEqual(why, ['lost']);
  await client.close();
});

test('a discovery file of before, with the id of a process that lives and a port that others use, misleads nobody', async () => {
  const stranger = createServer((_, response) => response.writeHead(404).end('something else'));
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
  const { port } = stranger.address() as AddressInfo;
  const old = {
    pid: process.pid,
    port,
    token: 'x'.repeat(43),
    version: manifest.version,
    protocol: PROTOCOL,
    startedAt: 1,
  };
  mkdirSync(join(home, 'daemon'), { recursive: true });
  for (const content of [old, { ...old, port: 1 }]) {
    writeDiscovery(content);
    await assert.rejects(connect({ start: false }), { code: 'daemon', remedy: { do: 'startDaemon' } });
    const client = await connect();
    assert.notEqual(client.daemon()!.pid, process.pid);
    assert.equal((await client.call(status, {})).pid, client.daemon()!.pid);
    await client.close();
    await stopDaemon();
    assert.equal(isAlive(process.pid), true);
  }
  stranger.closeAllConnections();
  await new Promise((resolve) => stranger.close(resolve));
});

test('a damaged or missing discovery file: no second daemon, and the first mends it', async () => {
  const first = await connect();
  const { pid } = first.daemon()!;
  for (const damage of [() => writeFileSync(discoveryFile(), '{"pid":'), () => rmSync(discoveryFile())]) {
    damage();
    const second = await connect();
    assert.equal(second.daemon()!.pid, pid);
    await second.close();
  }
  await first.close();
  await stopDaemon();
  writeFileSync(discoveryFile(), '\0'.repeat(200));
  const next = await connect();
  await next.close();
});

test('it ends without work and clients, and not before', async () => {
  const idle = await connect({ daemonArgs: ['--idle-minutes', '0.02'] });
  const { pid } = idle.daemon()!;
  await setTimeout(4000);
  assert.equal(isAlive(pid), true);
  await idle.close();
  await until('the daemon ends', () => !isAlive(pid));
  assert.equal(readDiscovery(), undefined);
  assert.equal(isLocked(daemonLockFile()), false);
});

test('a daemon that was stopped is not started by who only waits, but by who asks', async () => {
  const why: string[] = [];
  const back: number[] = [];
  const client = await connect({
    onDisconnect: (reason) => why.push(reason),
    onReconnect: ({ pid }) => back.push(pid),
  });
  assert.deepEqual(await stopDaemon(), { ran: true, jobs: 0 });
  await until('the client knows', () => why.length === 1);
  await setTimeout(1500);
  assert.deepEqual([why, back, isLocked(daemonLockFile())], [['ended'], [], false]);
  await client.call(status, {});
  await until('the client is told', () => back.length === 1);
  await client.close();
});

test('an older daemon without work is replaced at once; a newer one is used', async () => {
  const old = await connect({ version: '0.0.1' });
  const { pid, version } = old.daemon()!;
  assert.equal(version, '0.0.1');
  await old.close();
  const client = await connect();
  assert.equal(client.daemon()!.version, manifest.version);
  await until('the older one ends', () => !isAlive(pid));
  await client.close();
  const older = await connect({ version: '0.0.1' });
  assert.equal(older.daemon()!.version, manifest.version);
  await older.close();
});

test('a daemon of another protocol is named, with what to do', async () => {
  await assert.rejects(connect({ daemonArgs: ['--as-protocol', '1000'] }), {
    code: 'daemon',
    message: /protocol 1000.*update this program/,
  });
  await stopDaemon();
  await assert.rejects(connect({ version: '0.0.1', daemonArgs: ['--as-protocol', '0'], patience: 4000 }), {
    code: 'daemon',
  });
  // One without work is replaced.
  const client = await connect();
  assert.equal(client.daemon()!.protocol, PROTOCOL);
  await client.close();
});

test('why a daemon cannot start is said, with the place of its log', async () => {
  await stopDaemon();
  rmSync(join(home, 'catalog'), { recursive: true, force: true });
  mkdirSync(join(home, 'catalog'));
  writeFileSync(catalogFile(), 'SQLite format 3\0'.padEnd(4096, 'x'));
  await connect().then(
    async (client) => assert.match((await client.call(status, {})).catalog.notes.join(), /damaged/),
    (error: unknown) => assert.match((error as Error).message, /did not start: .*catalog.*more in .*logs/),
  );
  await stopDaemon();
  rmSync(join(home, 'catalog'), { recursive: true, force: true });
  await assert.rejects(connect({ daemonArgs: ['--port', '99999'] }), { message: /did not start: the port/ });
});

test('no token of any of these daemons is in what they wrote', async () => {
  const client = await connect({ daemonArgs: ['--log-level', 'trace'] });
  await client.call(usersList, {});
  const { token } = client.daemon()!;
  await client.close();
  await stopDaemon();
  for (const file of readdirSync(logsFolder()))
    assert.ok(!readFileSync(join(logsFolder(), file), 'utf8').includes(token), file);
});
