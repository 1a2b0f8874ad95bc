// Slow: starts processes that load the bundled model.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { answerOf, madeAdapter } from '../../../test/engine.ts';
import { root } from '../../../test/sources.ts';
import { temporaryFolder } from '../../../test/temporary.ts';
import { loadTokenizer } from '../../data/tokenizer.ts';
import { openBase } from '../../models/base.ts';
import { VeraError } from '../../protocol/errors.ts';
import { type EngineClient, engineClient } from './client.ts';
import { Engine } from './engine.ts';
import type { EngineStart } from './messages.ts';
import type { GenerationRequest } from './request.ts';

const cache = temporaryFolder();
const dir = join(root, 'daemon/demo');
const base = openBase(dir, cache);
const adapter = madeAdapter(base, { rank: 8, size: 0.5 });
const crashes: string[] = [];

async function withClient(start: Partial<EngineStart>, use: (client: EngineClient) => Promise<void>): Promise<void> {
  const client = engineClient({
    start: { base: dir, precision: 'int8', cache, threads: 1, ...start },
    load: (hash) =>
      hash === adapter.hash ? Promise.resolve(adapter) : Promise.reject(new VeraError('missing', 'no such adapter')),
    onCrash: (reason) => crashes.push(reason),
  });
  try {
    await use(client);
  } finally {
    await client.stop(5000);
  }
}

const request: GenerationRequest = {
  prompt: { text: 'def add(a, b):\n' },
  maxTokens: 24,
  sampling: { temperature: 0.7, seed: 3 },
  stop: ['zzz'],
};

test('an engine in its own process answers as one in this process does', async () => {
  const here = await Engine.create({
    ...{ base, tokenizer: loadTokenizer(dir), precision: 'int8', cache, session: { threads: 1 } },
    load: () => Promise.resolve(adapter),
  });
  const expected = await Promise.all(
    [undefined, adapter.hash].map((hash) => answerOf(here.submit({ ...request, adapter: hash }))),
  );
  await withClient({}, async (client) => {
    assert.deepEqual([client.pid, await client.stats()], [undefined, undefined]);
    assert.deepEqual(await client.info(), here.info);
    const got = await Promise.all(
      [undefined, adapter.hash].map((hash) => answerOf(client.submit({ ...request, adapter: hash }))),
    );
    assert.deepEqual(
      got.map(({ text, tokens }) => [text, tokens]),
      expected.map(({ text, tokens }) => [text, tokens]),
    );
    assert.notEqual(got[0]!.text, got[1]!.text);
    assert.deepEqual(await client.prepare(adapter.hash), { adapter: adapter.hash, idle: false });
    assert.equal((await client.stats())!.requests.finished, 2);
    await assert.rejects(answerOf(client.submit({ ...request, adapter: 'a'.repeat(64) })), { code: 'missing' });
    await assert.rejects(client.prepare('b'.repeat(64)), { code: 'missing' });
    await assert.rejects(answerOf(client.submit({ ...request, maxTokens: -1 })), { code: 'usage' });
  });
  await here.release();
});

test('cancelled requests end, and those of an engine that crashes fail clearly; the next one works', async () => {
  await withClient({}, async (client) => {
    const long = { ...request, maxTokens: 400, ignoreEnd: true };
    const controller = new AbortController();
    const cancelled = (async () => {
      for await (const piece of client.submit(long, controller.signal)) if (piece.type === 'text') controller.abort();
    })();
    await assert.rejects(cancelled, { code: 'cancelled' });
    await assert.rejects(answerOf(client.submit(long, AbortSignal.abort())), { code: 'cancelled' });

    const { pid } = client;
    const killed = (async () => {
      for await (const piece of client.submit(long)) if (piece.type === 'text') process.kill(client.pid!, 'SIGKILL');
    })();
    await assert.rejects(
      killed,
      (error) => error instanceof VeraError && /engine ended.*try again/.test(error.message),
    );
    assert.equal(crashes.length, 1);
    const { end } = await answerOf(client.submit(request));
    assert.ok(end.usage.answerTokens > 0);
    assert.notEqual(client.pid, pid);
    const left = (await client.stats())!;
    assert.deepEqual([left.rows.used, left.requests.running], [0, 0]);

    const stopped = answerOf(client.submit(long));
    await Promise.all([assert.rejects(stopped, /engine was stopped/), client.stop(5000)]);
    assert.equal(client.pid, undefined);
    assert.equal(crashes.length, 1);
  });
});

test('a base that cannot be served says so to every request', async () => {
  await withClient({ base: join(cache, 'nothing') }, async (client) => {
    await assert.rejects(client.info(), { code: 'model' });
    await assert.rejects(answerOf(client.submit(request)), { code: 'model' });
  });
  assert.equal(crashes.length, 1);
});
