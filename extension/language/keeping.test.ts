import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { keep, type Session } from './keeping.ts';

type Closed = Awaited<Session['closed']>;
const times = { firstPauseMs: 4, longestPauseMs: 64, longestLookMs: 8, settledMs: 50 };

/** Keeps the sessions that `open` opens, and records when it was called and what was logged. */
function keeping(t: TestContext, open: (attempt: number, start: boolean) => Promise<Session>) {
  const over = new AbortController();
  t.after(() => over.abort());
  const opened: { start: boolean; at: number }[] = [];
  const said: string[] = [];
  const listeners = new Set<() => void>();
  const done = keep({
    open: ({ start }) => {
      opened.push({ start, at: performance.now() });
      return open(opened.length, start);
    },
    say: (line) => said.push(line),
    over: over.signal,
    onNeeded: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    times,
  });
  return {
    ...{ opened, said, done },
    need: () => listeners.forEach((listener) => listener()),
    end: async () => {
      over.abort();
      await done;
      assert.equal(listeners.size, 0);
    },
  };
}
const broken: Closed = { ended: false, why: 'broken' };
async function until(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 10_000; !holds(); await setTimeout(2))
    assert.ok(performance.now() < end, 'not in time');
}

test('what breaks is opened again, with growing pauses, and left alone when it keeps breaking', async (t) => {
  const one = keeping(t, () => Promise.resolve({ closed: Promise.resolve(broken) }));
  await until(() => one.opened.length === 10);
  await setTimeout(300); // much longer than the longest pause
  assert.equal(one.opened.length, 10);
  const pauses = one.opened.slice(1).map(({ at }, i) => at - one.opened[i]!.at);
  assert.ok(pauses[0]! >= 3 && pauses[4]! >= 60 && pauses[8]! >= 60, pauses.join(' '));
  assert.ok(one.said.some((line) => line.includes('until one of them is edited')));
  // Then once each time a person works on a dataset, however many changes they make.
  for (let i = 0; i < 5; i++) one.need();
  await until(() => one.opened.length === 11);
  for (let i = 0; i < 20; i++) one.need();
  await setTimeout(20);
  assert.equal(one.opened.length, 11);
  await one.end();
});

test('what cannot be reached is said once, not at every try', async (t) => {
  const one = keeping(t, () => Promise.reject(new Error('nobody there')));
  await until(() => one.opened.length === 6);
  assert.deepEqual(one.said, ['no language server: nobody there']);
  await one.end();
});

test('what was stopped is looked for, and started only when it is needed', async (t) => {
  let close = (): void => assert.fail('none was opened');
  const lasting = new Promise<Closed>((resolve) => (close = () => resolve(broken)));
  const one = keeping(t, (attempt, start) => {
    if (attempt === 1) return Promise.resolve({ closed: Promise.resolve({ ended: true, why: 'stopped' }) });
    return start ? Promise.resolve({ closed: lasting }) : Promise.reject(new Error('none runs'));
  });
  await until(() => one.opened.length > 20);
  assert.ok(one.opened.slice(1).every(({ start }) => !start));
  assert.equal(one.said.length, 1);
  one.need();
  await until(() => one.opened.at(-1)!.start);
  const count = one.opened.length;
  await setTimeout(50);
  assert.equal(one.opened.length, count);
  const ending = one.end();
  close();
  await ending;
});

test('a session that lasted is no failure: the next is opened soon, any number of times', async (t) => {
  const one = keeping(t, () => Promise.resolve({ closed: setTimeout(200, broken) }));
  await until(() => one.opened.length === 13);
  await one.end();
});
