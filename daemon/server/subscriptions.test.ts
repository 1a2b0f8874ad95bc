import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { EventBody, Topic } from '../protocol/events.ts';
import { rawClient, serving, until } from '../../test/serving.ts';
import type { RawClient, Serving } from '../../test/serving.ts';
import { temporaryFolder } from '../../test/temporary.ts';

let one: Serving;
before(async () => {
  one = await serving(temporaryFolder(), { recentEvents: 50, pageEvents: 20, lag: 500 });
});
after(() => one.close());

const worker = (job: number, text = ''): EventBody => ({ type: 'worker', job, event: { event: 'note', text } });
const created = (id: number): EventBody => ({
  type: 'catalog',
  change: 'created',
  kind: 'adapter',
  id,
  name: `a${id}`,
});
const emit = (...bodies: EventBody[]): Promise<void> =>
  one.catalog.change(async (change) => bodies.forEach((body) => change.emit(body)));

/** Numbers of the events a client was sent, in the order they came. */
const numbers = ({ notices }: RawClient): number[] =>
  notices.flatMap(({ method, params }) =>
    method === 'events.happened' ? params.events.map((event: { number: number }) => event.number) : [],
  );
const follow = async (client: RawClient, topics: Topic[], from?: number) =>
  (await client.ask('events.subscribe', { topics, ...(from === undefined ? {} : { after: from }) })).result;
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
/** Bytes of buffers that are in use. */
function held(): number {
  for (let i = 0; i < 3; i++) collect(); // buffers go a round after the objects that had them
  return process.memoryUsage().external;
}
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('events come in order, each once, to those who follow their topic', async () => {
  const [everything, some] = [await rawClient(one), await rawClient(one)];
  const start = (await follow(everything, ['job/1', 'job/2', 'catalog'])).number;
  await follow(some, ['job/2']);
  for (let i = 0; i < 30; i++) await emit(worker(1), worker(2), created(i + 1));
  await until('90 events', () => numbers(everything).length >= 90 && numbers(some).length >= 30);
  assert.deepEqual(numbers(everything), range(start + 1, start + 90));
  assert.deepEqual(
    numbers(some),
    range(0, 29).map((i) => start + 3 * i + 2),
  );
  everything.socket.close();
  some.socket.close();
});

test('between old events and new ones none is missed or doubled, wherever a reader begins and breaks off', async () => {
  const first = await rawClient(one);
  const { number: start } = await follow(first, ['job/3']);
  const total = 2000;
  let emitted = 0;
  const source = (async () => {
    while (emitted < total) {
      const group = Math.min(1 + Math.floor(Math.random() * 8), total - emitted);
      await emit(...Array.from({ length: group }, () => worker(3)));
      emitted += group;
      if (Math.random() < 0.3) await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  /** Follows from the start, breaking the connection and coming back with the last number it saw. */
  const reader = async (): Promise<{ seen: number[]; breaks: number }> => {
    const seen: number[] = [];
    for (let breaks = 0; ; breaks++) {
      const client = await rawClient(one);
      await follow(client, ['job/3'], seen.at(-1) ?? start);
      const goal = Math.min(total, seen.length + 1 + Math.floor(Math.random() * 300));
      await until('more events', () => seen.length + numbers(client).length >= goal);
      client.socket.terminate();
      seen.push(...numbers(client));
      if (seen.length >= total) return { seen, breaks };
    }
  };
  const [, ...readers] = await Promise.all([source, reader(), reader(), reader(), reader()]);
  for (const { seen, breaks } of readers) {
    assert.deepEqual(seen, range(start + 1, start + total));
    assert.ok(breaks > 3, 'the connection was hardly ever broken');
  }
  first.socket.close();
});

test('a subscription that has ended is told nothing more, and its number is not another client’s', async () => {
  const [mine, other] = [await rawClient(one), await rawClient(one)];
  const { subscription } = await follow(mine, ['job/4']);
  await follow(other, ['job/4']);
  await emit(worker(4));
  await until('an event', () => numbers(mine).length === 1);
  assert.deepEqual((await mine.ask('events.unsubscribe', { subscription })).result, {});
  await emit(worker(4));
  await until('two events', () => numbers(other).length === 2);
  assert.equal(numbers(mine).length, 1);
  assert.equal((await mine.ask('events.unsubscribe', { subscription })).error.data.code, 'missing');
  mine.socket.close();
  other.socket.close();
});

test('a reader that does not read is cut to the latest state, and the daemon does not grow', async () => {
  const slow = await rawClient(one);
  const quick = await rawClient(one);
  const { number: start } = await follow(slow, ['job/5']);
  await follow(quick, ['job/5']);
  await emit(worker(5, 'first'));
  await until('an event', () => numbers(slow).length === 1);
  slow.socket.pause();
  const text = 'x'.repeat(20_000);
  const before = held();
  const count = 1500; // 30 MB of events: far more than the system's own buffers hold
  for (let i = 10; i <= count; i += 10) {
    await emit(...Array.from({ length: 10 }, () => worker(5, text)));
    await until('the quick reader', () => numbers(quick).length === i + 1, 30_000);
  }
  const grown = held() - before;
  // Both ends of the connections are in this process; what waits in the system's own buffers is no part of it.
  assert.ok(grown < 4 * 2 ** 20, `${grown} bytes more`);
  slow.socket.resume();
  const skips = () => slow.notices.filter(({ method }) => method === 'events.skipped');
  await until('the rest', () => skips().length > 0, 30_000);
  await emit(worker(5, 'last'));
  const last = start + count + 2;
  await until('the last event', () => numbers(slow).at(-1) === last, 30_000);
  // What came is a beginning without holes, then word of what is left out, then everything after it.
  const to = skips()[0]!.params.to;
  const seen = numbers(slow);
  const beginning = seen.filter((number) => number <= to);
  assert.deepEqual(beginning, range(start + 1, start + beginning.length));
  assert.ok(beginning.length < count, 'nothing was left out');
  assert.deepEqual(seen.slice(beginning.length), range(to + 1, last));
  assert.equal(skips().length, 1);
  slow.socket.close();
  quick.socket.close();
});

test('a reader of events that are no longer kept, or of another catalog, begins with the latest state', async () => {
  const { number } = await follow(await rawClient(one), ['jobs']);
  await emit(...range(1, 100).map(() => worker(6)));
  await one.catalog.change(({ db }) =>
    db
      .deleteFrom('event')
      .where('number', '<=', number + 50)
      .execute(),
  );
  const late = await rawClient(one);
  await follow(late, ['job/6'], number);
  await until('word of what is left out', () => late.notices.length > 0);
  assert.deepEqual(late.notices[0], {
    jsonrpc: '2.0',
    ...{ method: 'events.skipped', params: { subscription: 1, to: number + 100, jobs: [] } },
  });
  const foreign = await rawClient(one);
  assert.equal((await follow(foreign, ['job/6'], number + 1_000_000)).number, number + 100);
  await until('word of what is left out', () => foreign.notices.length > 0);
  await emit(worker(6));
  await until('the next event', () => numbers(late).length === 1 && numbers(foreign).length === 1);
  assert.deepEqual([numbers(late), numbers(foreign)], [[number + 101], [number + 101]]);
  late.socket.close();
  foreign.socket.close();
});

test('a client has only so many subscriptions', async () => {
  const client = await rawClient(one);
  for (let i = 0; i < 64; i++) await follow(client, ['jobs']);
  const { error } = await client.ask('events.subscribe', { topics: ['jobs'] });
  assert.equal(error.data.code, 'usage');
  assert.match(error.message, /at most 64/);
  client.socket.close();
});
