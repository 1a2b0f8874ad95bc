/** Requests that are taken back, and requests that send values before their answer. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { sendRequest } from '../client/request.ts';
import { openConnection } from '../client/socket.ts';
import { method, REQUEST_CANCELLED } from '../protocol/method.ts';
import type { Method } from '../protocol/method.ts';
import type { Handler, Served } from './context.ts';
import { rawClient, serving, until } from '../../test/serving.ts';
import type { RawClient, Serving } from '../../test/serving.ts';
import { temporaryFolder } from '../../test/temporary.ts';

const count = z.strictObject({ values: z.int(), characters: z.int().default(0) });
/** Sends so many values, each after the one before has left. */
const stream = method('test.stream', 'Counts.', count, z.object({ sent: z.int() }), {
  repeatable: true,
  progress: z.object({ index: z.int(), text: z.string() }),
});
/** Sends values without waiting for any. */
const flood = method('test.flood', 'Counts without waiting.', count, z.object({ refused: z.int() }), {
  repeatable: true,
  progress: z.object({ index: z.int(), text: z.string() }),
});
/** Never answers by itself. */
const wait = method('test.wait', 'Waits.', z.strictObject({}), z.object({}), { repeatable: true });
/** Answers in spite of a cancellation. */
const deaf = method('test.deaf', 'Waits a moment.', z.strictObject({}), z.object({ done: z.boolean() }), {
  repeatable: false,
});

/** What the handlers have seen. */
const seen = { sent: 0, waiting: 0, deaf: 0, cancelled: 0, reasons: [] as string[] };
const handlers: readonly [Method, Handler][] = [
  [
    stream,
    async ({ progress }, params) => {
      const { values, characters } = params as z.output<typeof count>;
      for (seen.sent = 0; seen.sent < values; seen.sent++)
        await progress({ index: seen.sent, text: 'x'.repeat(characters) }).catch((error: unknown) => {
          seen.reasons.push((error as Error).message);
          throw error;
        });
      return { sent: values };
    },
  ],
  [
    flood,
    async ({ progress }, params) => {
      const { values, characters } = params as z.output<typeof count>;
      let refused = 0;
      for (let index = 0; index < values; index++)
        progress({ index, text: 'x'.repeat(characters) }).catch(() => refused++);
      await setTimeout(0);
      return { refused };
    },
  ],
  [
    wait,
    ({ signal }) =>
      new Promise((_, reject) => {
        seen.waiting++;
        signal.addEventListener('abort', () => {
          seen.cancelled++;
          reject(signal.reason as Error);
        });
      }),
  ],
  [
    deaf,
    () => {
      seen.deaf++;
      return setTimeout(100, { done: true });
    },
  ],
];

let one: Serving;
before(async () => {
  const served = new Map<string, Served>(handlers.map(([of, handle]) => [of.name, { method: of, handle }]));
  one = await serving(temporaryFolder(), {}, served);
});
after(() => one.close());

const values = ({ notices }: RawClient, token: number): number[] =>
  notices.flatMap(({ method: name, params }) =>
    name === '$/progress' && params.token === token ? [params.value.index as number] : [],
  );
const range = (to: number): number[] => Array.from({ length: to }, (_, i) => i);

test('10,000 values come in order, before the answer, and none is stored', async () => {
  const client = await rawClient(one);
  const { result } = await client.ask(stream.name, { values: 10_000, progress: 3 });
  assert.deepEqual(result, { sent: 10_000 });
  assert.deepEqual(values(client, 3), range(10_000));
  const events = await one.catalog.db.selectFrom('event').select('number').execute();
  assert.equal(events.length, 0);
  client.socket.close();
});

test('requests stream side by side, each under its number; who wants no values gets none', async () => {
  const client = await rawClient(one);
  await Promise.all([
    client.ask(stream.name, { values: 300, progress: 1 }),
    client.ask(flood.name, { values: 50, progress: 2 }),
    client.ask(flood.name, { values: 300 }),
  ]);
  assert.deepEqual([values(client, 1), values(client, 2)], [range(300), range(50)]);
  assert.equal(client.notices.length, 350);
  client.socket.close();
});

test('a client that does not read stops the one who sends, and gets everything when it reads again', async () => {
  const client = await rawClient(one);
  client.socket.pause();
  const answer = client.ask(stream.name, { values: 2000, characters: 20_000, progress: 1 }); // 40 MB
  const before = process.memoryUsage().external;
  let [last, since] = [-1, 0];
  await until('nothing more is sent', () => {
    if (seen.sent !== last) [last, since] = [seen.sent, performance.now()];
    return seen.sent > 0 && performance.now() - since > 300; // a busy machine makes shorter pauses
  });
  await setTimeout(200);
  assert.equal(seen.sent, last);
  assert.ok(seen.sent < 1500, `${seen.sent} values were made for a client that does not read`);
  const grown = process.memoryUsage().external + process.memoryUsage().heapUsed - before;
  assert.ok(grown < 200 * 2 ** 20, `${grown} bytes more`);
  client.socket.resume();
  assert.deepEqual((await answer).result, { sent: 2000 });
  assert.deepEqual(values(client, 1), range(2000));
  client.socket.close();
});

test('a sender that does not wait is refused, and memory stays bounded', async () => {
  const client = await rawClient(one);
  client.socket.pause();
  const answer = client.ask(flood.name, { values: 10_000, characters: 10_000, progress: 1 });
  await setTimeout(100);
  client.socket.resume();
  const { refused } = (await answer).result as { refused: number };
  assert.ok(refused > 9000, `${refused} were refused`);
  assert.equal(values(client, 1).length, 10_000 - refused);
  client.socket.close();
});

test('the sender hears that its client has gone', async () => {
  const client = await rawClient(one);
  client.socket.pause();
  seen.reasons.length = seen.sent = 0;
  client.ask(stream.name, { values: 100_000, characters: 20_000, progress: 1 }).catch(() => undefined);
  await until('it sends', () => seen.sent > 10);
  client.socket.terminate();
  await until('it has heard', () => seen.reasons.length === 1);
  assert.match(seen.reasons[0]!, /gone/);
});

test('a request that is taken back answers with an error of its own, and one that is done with its result', async () => {
  const client = await rawClient(one);
  const [waits, late] = [client.ask(wait.name, {}), client.ask(deaf.name, {})];
  await until('both are under way', () => seen.waiting === 1 && seen.deaf === 1);
  for (const id of [1, 2, 77])
    client.socket.send(JSON.stringify({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id } }));
  const { error } = await waits;
  assert.deepEqual([error.code, error.data.code], [REQUEST_CANCELLED, 'cancelled']);
  assert.deepEqual((await late).result, { done: true });
  assert.equal(seen.cancelled, 1);
  assert.match(await text('/metrics'), /^vera_rpc_seconds_count\{method="test.wait",outcome="cancelled"\} 1$/m);
  client.socket.close();
});

test('requests are taken back also when so many are under way that others wait', async () => {
  const client = await rawClient(one);
  const begun = seen.waiting;
  const all = Array.from({ length: 40 }, () => client.ask(wait.name, {}));
  await until('32 are under way', () => seen.waiting === begun + 32);
  for (let id = 40; id >= 1; id--)
    client.socket.send(JSON.stringify({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id } }));
  const answers = await Promise.all(all);
  assert.ok(answers.every(({ error }) => error.code === REQUEST_CANCELLED));
  client.socket.close();
});

test('requests end with their client', async () => {
  const client = await rawClient(one);
  const before = seen.cancelled;
  const begun = seen.waiting;
  client.ask(wait.name, {}).catch(() => undefined);
  client.ask(wait.name, {}).catch(() => undefined);
  await until('they wait', () => seen.waiting === begun + 2);
  client.socket.terminate();
  await until('they have ended', () => seen.cancelled === before + 2);
});

test('a request that was answered leaves nothing behind with its client', async (t) => {
  const added = t.mock.method(AbortSignal.prototype, 'addEventListener');
  const removed = t.mock.method(AbortSignal.prototype, 'removeEventListener');
  const any = t.mock.method(AbortSignal, 'any');
  const client = await rawClient(one);
  for (let i = 0; i < 50; i++) await client.ask('test.stream', { values: 0 });
  // Each request listens once to its own signal, which goes with it, and once to that of its client.
  assert.deepEqual([added.mock.callCount(), removed.mock.callCount()], [100, 50]);
  assert.equal(any.mock.callCount(), 0, 'Node keeps such signals as long as the client is connected');
  client.socket.terminate();
});

test('the client of the protocol takes a request back at once, and gives values and a time limit', async () => {
  const connection = await openConnection({ port: one.port, token: one.token });
  const controller = new AbortController();
  const begun = seen.waiting;
  const before = seen.cancelled;
  const waits = sendRequest(connection, wait, {}, { signal: controller.signal });
  await until('it waits', () => seen.waiting === begun + 1);
  controller.abort();
  await assert.rejects(waits, { code: 'cancelled' });
  await until('the handler has heard', () => seen.cancelled === before + 1);
  await assert.rejects(sendRequest(connection, wait, {}, { signal: controller.signal }), { code: 'cancelled' });
  await assert.rejects(sendRequest(connection, wait, {}, { timeoutMs: 50 }), { code: 'daemon' });
  await until('a request that took too long is taken back too', () => seen.cancelled === before + 2);
  const got: number[] = [];
  const onProgress = (value: unknown): number => got.push((value as { index: number }).index);
  await sendRequest(connection, stream, { values: 100 }, { onProgress });
  assert.deepEqual(got, range(100));
  connection.close();
  await connection.closed;
});

const text = async (path: string): Promise<string> =>
  (await fetch(`http://127.0.0.1:${one.port}${path}`, { headers: { authorization: `Bearer ${one.token}` } })).text();
