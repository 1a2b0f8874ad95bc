// Slow: starts and kills processes that load the bundled model.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { answerOf } from '../../../test/engine.ts';
import { DEMO } from '../../../test/served.ts';
import { until } from '../../../test/serving.ts';
import { root } from '../../../test/sources.ts';
import { temporaryFolder } from '../../../test/temporary.ts';
import { type CrashLimits, type EngineClient, engineClient } from './client.ts';
import type { GenerationRequest } from './request.ts';

const cache = temporaryFolder();
const short: GenerationRequest = { prompt: { text: 'def add(a, b):\n' }, maxTokens: 3 };
const long: GenerationRequest = { ...short, maxTokens: 400, ignoreEnd: true };
const open = (crashes?: CrashLimits): EngineClient =>
  engineClient({
    start: { base: DEMO, precision: 'int8', cache, threads: 1 },
    load: (hash) => Promise.reject(new Error(`no adapter ${hash}`)),
    ...(crashes && { crashes }),
  });

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('an engine that crashes again and again rests for a while and says so; then it works again', async () => {
  const client = open({ most: 2, withinMs: 60_000, pauseMs: 2000 });
  try {
    const controller = new AbortController();
    for (let crash = 0; crash < 2; crash++) {
      const killed = (async () => {
        for await (const piece of client.submit(long, controller.signal))
          if (piece.type === 'text') process.kill(client.pid!, 'SIGKILL');
      })();
      await assert.rejects(killed, /the engine ended: .*SIGKILL.*try again/);
    }
    controller.abort(); // comes too late for all of them
    const start = performance.now();
    await assert.rejects(answerOf(client.submit(short)), {
      code: 'runtime',
      message: /ended 2 times in a short while .*SIGKILL.*started again in [12] s/,
    });
    await assert.rejects(client.info(), /ended 2 times/);
    await assert.rejects(client.prepare('a'.repeat(64)), /ended 2 times/);
    assert.deepEqual([await client.stats(), client.pid], [undefined, undefined]);
    await setTimeout(2000 - (performance.now() - start));
    assert.equal((await answerOf(client.submit(short))).end.usage.answerTokens, 3);
  } finally {
    await client.stop(5000);
  }
});

test('while the base is loaded, requests can be cancelled, and their time can be over', async () => {
  const client = open();
  try {
    const controller = new AbortController();
    const cancelled = answerOf(client.submit(short, controller.signal));
    const late = answerOf(client.submit({ ...short, deadlineMs: 1 }));
    const patient = answerOf(client.submit({ ...short, deadlineMs: 60_000 }));
    controller.abort();
    const loaded = client.info().then(() => 'loaded');
    const first = cancelled.catch((error: unknown) => (error as { code: string }).code);
    assert.equal(await Promise.race([loaded, first]), 'cancelled');
    const end = late.then((answer) => answer.end);
    assert.deepEqual([((await Promise.race([loaded, end])) as Awaited<typeof end>).reason], ['deadline']);
    assert.equal((await patient).end.reason, 'length');
    const { requests } = (await client.stats())!;
    assert.deepEqual([requests.finished, requests.cancelled, requests.failed], [1, 0, 0]); // it never saw the others
  } finally {
    await client.stop(5000);
  }
});

test('an engine that computes ends with the process that owns it, however that ends', async () => {
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const holder = spawn(process.execPath, [join(root, 'test/engineHolder.ts'), cache], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = Number(String((await once(holder.stdout, 'data'))[0]));
    assert.ok(isAlive(pid));
    holder.kill(signal);
    await until(`the engine has ended after ${signal}`, () => !isAlive(pid), 10_000);
  }
});
