// Slow: starts processes and kills them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FromService, ToService } from '../../test/process/service.ts';
import { WINDOW } from './channel.ts';
import { runService } from './service.ts';
import { type ProcessOptions, startProcess } from './supervised.ts';

const SERVICE = new URL('../../test/process/service.ts', import.meta.url);
const POLICY = { firstMs: 20, longestMs: 50, attempts: 3, steadyMs: 60_000 };

const start = (more: Partial<ProcessOptions<FromService>> = {}) =>
  startProcess<ToService, FromService>({ file: SERVICE, streams: 'keep', health: { heartbeatMs: 50 }, ...more });
const until = async (what: () => boolean): Promise<void> => {
  for (const end = Date.now() + 30_000; !what(); await sleep(5)) assert.ok(Date.now() < end, `never: ${String(what)}`);
};

test('a process reports that it is ready, answers in order, shows its memory, and ends when asked', async () => {
  const heard: FromService[] = [];
  const process = start({ onMessage: (message) => void heard.push(message) });
  await process.ready;
  const texts = Array.from({ length: 1000 }, (_, i) => String(i));
  await Promise.all(texts.map((text) => process.send({ do: 'echo', text })));
  await until(() => heard.length === texts.length && process.rssBytes() > 1e7);
  process.stop();
  const { code, reason } = await process.ended;
  assert.equal(code, 0, reason);
  assert.deepEqual(heard, texts.map((echo) => ({ echo }))); // prettier-ignore
});

test('a plain sentence says how a process ended', async () => {
  const reasonAfter = async (message: ToService, more: Partial<ProcessOptions<FromService>> = {}): Promise<string> => {
    const process = start(more);
    await process.ready;
    await until(() => process.rssBytes() > 0);
    await process.send(message);
    return (await process.ended).reason;
  };
  assert.match(await reasonAfter({ do: 'fail' }), /^its process ended with exit code 7$/);
  assert.match(
    await reasonAfter({ do: 'crash' }),
    /killed \(SIGKILL\) while it used [\d.]+ MB: memory probably ran out/,
  );
  const health = { heartbeatMs: 50, memoryBytes: 150e6 };
  const fill = await reasonAfter({ do: 'fill', bytes: 200e6 }, { health });
  assert.match(fill, /^it used [\d.]+ MB of memory, more than the 150 MB allowed, and was ended$/);
  const silent = start({ health: { heartbeatMs: 50, silenceMs: 300 } });
  await silent.ready;
  await until(() => silent.rssBytes() > 0);
  process.kill(silent.pid!, 'SIGSTOP');
  assert.match((await silent.ended).reason, /^it gave no sign of life for 300 ms and was ended$/);
  const gone = startProcess({ file: new URL('./not-there.ts', import.meta.url), streams: 'keep' });
  const ending = await gone.ended;
  assert.match(ending.reason, /exit code 1/);
  assert.match(ending.output, /not-there/);
  await assert.rejects(gone.ready, { code: 'runtime' });
});

test('a process that does not handle its messages blocks the sender, and more than the limit is refused', async () => {
  const process = start({ mostWaiting: 100 });
  await process.ready;
  await process.send({ do: 'stick' });
  let sent = 0;
  const sending = (async () => {
    for (; sent < 10_000; sent++) await process.send({ do: 'echo', text: 'x' });
  })();
  sending.catch(() => undefined);
  await until(() => process.waiting() === 1);
  await sleep(200);
  assert.equal(sent, WINDOW - 1, 'one of the window is the message that is stuck');
  const refused = await Promise.allSettled(Array.from({ length: 150 }, () => process.send({ do: 'echo', text: 'y' })).slice(99)); // prettier-ignore
  assert.equal(refused.filter(({ status }) => status === 'rejected').length, 51);
  assert.equal(process.waiting(), 100);
  process.kill();
  await process.ended;
});

test('a slow parent blocks its process, and no more than a window of messages is on its way', async () => {
  let [handled, released] = [0, false];
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  const process = start({
    async onMessage() {
      if (!released) await gate;
      handled++;
    },
  });
  await process.ready;
  await process.send({ do: 'flood', count: 5 * WINDOW });
  await sleep(500);
  assert.equal(handled, 0);
  released = true;
  release();
  await until(() => handled === 5 * WINDOW);
  process.stop();
  await process.ended;
});

test('a process ends with its parent, also while its thread is blocked', async () => {
  const script = `import { startProcess } from ${JSON.stringify(new URL('./supervised.ts', import.meta.url).href)};
    const child = startProcess({ file: new URL(${JSON.stringify(SERVICE.href)}), streams: 'keep', health: { heartbeatMs: 50 } });
    await child.ready;
    await child.send({ do: 'block', ms: 600_000 });
    setTimeout(() => console.log(child.pid), 300);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [pid] = (await once(parent.stdout, 'data')) as [Buffer];
  const isThere = (): boolean => {
    try {
      return process.kill(Number(pid.toString()), 0);
    } catch {
      return false;
    }
  };
  assert.ok(isThere());
  parent.kill('SIGKILL');
  await until(() => !isThere());
});

test('a service restarts after a crash with growing pauses, and gives up after enough of them', async () => {
  const heard: FromService[] = [];
  const waits: (number | undefined)[] = [];
  const service = runService(
    () => start({ onMessage: (message) => void heard.push(message) }),
    POLICY,
    (_, wait) => void waits.push(wait),
  );
  for (const round of [1, 2]) {
    await service.ready();
    await service.send({ do: 'echo', text: `round ${round}` });
    await until(() => heard.length === round);
    await service.send({ do: 'crash' });
    await until(() => waits.length === round);
    assert.equal(service.state(), 'waiting');
    await assert.rejects(service.send({ do: 'echo', text: 'nobody' }), /not running: its process was killed/);
  }
  await service.ready();
  await service.send({ do: 'fail' });
  await until(() => service.state() === 'failed');
  assert.deepEqual(waits, [20, 40, undefined]);
  await assert.rejects(service.ready(), /not running: its process ended with exit code 7/);
  await service.stop(1000);
  assert.equal(service.state(), 'failed');
});

test('a service that ran long enough has all its attempts again', async () => {
  let ends = 0;
  const service = runService(
    () => start(),
    { ...POLICY, attempts: 2, steadyMs: 0 },
    () => {
      ends++;
    },
  );
  for (const round of [1, 2, 3]) {
    await service.ready();
    await service.send({ do: 'crash' });
    await until(() => ends === round);
  }
  await service.ready();
  await service.stop(5000);
  assert.equal(service.state(), 'stopped');
  await assert.rejects(service.ready(), /it was stopped/);
});

test('a service that never gets ready gives up, and waiting callers get the reason', async () => {
  process.env['VERA_TEST_NEVER_READY'] = '1';
  try {
    const service = runService(() => start(), POLICY);
    await assert.rejects(service.ready(), { code: 'runtime', message: /exit code 3/ });
    assert.equal(service.state(), 'failed');
  } finally {
    delete process.env['VERA_TEST_NEVER_READY'];
  }
});
