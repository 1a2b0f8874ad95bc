import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { adapterMethod } from '../methods/registry.ts';
import { addAdapter } from '../catalog/adapters.ts';
import { ensureUser } from '../catalog/owners.ts';
import { PROTOCOL } from '../protocol/method.ts';
import { METHODS } from '../protocol/registry.ts';
import { SERVED } from './handlers/registry.ts';
import { openSocket, rawClient, serving } from '../../test/serving.ts';
import type { RawClient, Serving } from '../../test/serving.ts';
import { temporaryFolder } from '../../test/temporary.ts';

let one: Serving;
let client: RawClient;
const home = temporaryFolder();
before(async () => {
  one = await serving(home);
  client = await rawClient(one);
});
after(async () => {
  client.socket.close();
  await one.close();
});

const get = (path: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${one.port}${path}`, { headers: { authorization: `Bearer ${one.token}` } });

/** An adapter of one layer, as a training job would leave it. */
const store = (name: string): Promise<number> =>
  one.catalog.change(async (change) => {
    const userId = await ensureUser(change);
    const sites = [{ path: 'model.layers.0.self_attn.q_proj', layer: 0, dIn: 8, dOut: 8, bias: false }];
    const base = { fingerprint: createHash('sha256').update('base').digest('hex'), spec: '/models/base' };
    const theta = Float32Array.from({ length: 12 }, (_, i) => i / 8);
    const content = {
      method: 'vera' as const,
      options: { rank: 4, projectionKey: 0 },
      sites,
      tensors: adapterMethod('vera').tensors(sites, { rank: 4 }),
      targets: 'q',
      theta,
      base,
    };
    return (await addAdapter(change, content, { name, userId, projectId: null, actor: 'test' })).id;
  });

test('every method has a handler', () => {
  assert.deepEqual([...SERVED.keys()].sort(), [...METHODS.keys()].sort());
});

test('health, version and metrics tell of the daemon', async () => {
  assert.deepEqual(await (await get('/version')).json(), { version: '0.0.0-test', protocol: PROTOCOL });
  const health = (await (await get('/health')).json()) as object;
  assert.equal((health as { status: string }).status, 'ok');
  await client.ask('jobs.submit', { spec: { kind: 'download', base: 'someone/model' } });
  await client.ask('jobs.get', { job: 99 });
  const metrics = await (await get('/metrics')).text();
  assert.match(metrics, /^vera_jobs\{state="queued"\} 1$/m);
  assert.match(metrics, /^vera_clients 1$/m);
  assert.match(metrics, /^vera_catalog_bytes \d{4,}$/m);
  assert.match(metrics, /^vera_rpc_seconds_count\{method="jobs.submit",outcome="result"\} 1$/m);
  assert.match(metrics, /^vera_rpc_seconds_count\{method="jobs.get",outcome="error"\} 1$/m);
  assert.match(metrics, /^process_resident_memory_bytes \d+$/m);
});

test('the state of the daemon is what it is', async () => {
  const { result } = await client.ask('daemon.status', {});
  assert.equal(result.pid, process.pid);
  assert.equal(result.clients, 1);
  assert.deepEqual(result.jobs, { running: 0, queued: 1, paused: 0 });
  assert.ok(result.memory.rssBytes > 2 ** 20 && result.memory.budgetBytes > 0);
  assert.equal(result.catalog.file, join(home, 'catalog', 'catalog.db'));
});

test('an adapter goes from one catalog to another over HTTP', async () => {
  const id = await store('travels');
  const response = await get(`/downloads/adapters/${id}`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-disposition')!, /^attachment; filename=adapter-\d+\.vera$/);
  const file = Buffer.from(await response.arrayBuffer());
  const sent = await fetch(`http://127.0.0.1:${one.port}/uploads?name=travels.vera`, {
    method: 'POST',
    headers: { authorization: `Bearer ${one.token}`, 'content-type': 'application/octet-stream' },
    body: file,
  });
  const { path } = (await sent.json()) as { path: string };
  assert.deepEqual(readFileSync(path), file);
  const before = (await client.ask('adapters.get', { adapter: id })).result;
  const { result } = await client.ask('adapters.unpack', { file: path, name: 'arrived' });
  assert.equal(result.hash, before.hash);
  assert.equal(result.name, 'arrived');
});

test('errors for people keep their code and say no more; others are logged and say nothing', async () => {
  const missing = (await client.ask('adapters.get', { adapter: 'nobody' })).error;
  assert.equal(missing.data.code, 'missing');
  assert.match(missing.message, /nobody/);
  const wrong = (await client.ask('runs.metrics', { run: 1, limit: 0 })).error;
  assert.deepEqual([wrong.code, wrong.data.code], [-32602, 'usage']);
  assert.match(wrong.message, /^runs\.metrics: limit: /);
  // A catalog that breaks under the daemon is an unexpected error.
  await one.catalog.change(({ db }) => db.schema.alterTable('export').renameTo('elsewhere').execute());
  const unexpected = (await client.ask('exports.list', {})).error;
  assert.deepEqual(unexpected, {
    ...{ code: -32603, message: 'exports.list: unexpected error, see the log of the daemon' },
    data: { code: 'daemon' },
  });
  assert.ok(one.logged.some((line) => line.includes('no such table')));
  await one.catalog.change(({ db }) => db.schema.alterTable('elsewhere').renameTo('export').execute());
});

test('requests of one client are worked on side by side, and answered each once', async () => {
  const answers = await Promise.all(Array.from({ length: 500 }, () => client.ask('projects.list', {})));
  assert.ok(answers.every(({ result }) => Array.isArray(result.items)));
});

test('an upgrade elsewhere is answered as HTTP', async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${one.port}/elsewhere`, {
    headers: { authorization: `Bearer ${one.token}` },
  });
  socket.on('error', () => undefined);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
  assert.equal(response.statusCode, 404);
});

test('a server that closes says so to its clients, also to one that does not answer', async () => {
  const other = await serving(temporaryFolder(), { closeMs: 200 });
  const [polite, deaf] = [await openSocket(other), await openSocket(other)];
  const closed = once(polite, 'close');
  deaf.pause();
  const start = performance.now();
  await other.close();
  assert.ok(performance.now() - start < 3000);
  assert.equal((await closed)[0], 1001);
  deaf.terminate();
});
