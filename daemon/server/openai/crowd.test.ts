// Slow: makes hundreds of requests to an engine with the bundled model. VERA_CLIENT_REQUESTS asks for another number.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import OpenAI from 'openai';
import { store } from '../../../test/served.ts';
import { type Serving, serving, until } from '../../../test/serving.ts';
import { temporaryFolder } from '../../../test/temporary.ts';

const CLIENTS = 64;
const ROUNDS = Math.ceil(Number(process.env['VERA_CLIENT_REQUESTS'] ?? 384) / CLIENTS);
/** The memory of the engine may differ by so much between the middle of the test and its end. */
const STEADY_BYTES = 80e6;

let one: Serving;
before(async () => {
  one = await serving(temporaryFolder());
  for (const seed of [1, 2, 3]) await store(one.catalog, `adapter-${seed}`, seed);
});
after(() => one.close());

test('64 clients, of which many go away: the others get the answers that they get alone, and nothing stays behind', async () => {
  const client = new OpenAI({ baseURL: `http://127.0.0.1:${one.port}/v1`, apiKey: one.token, maxRetries: 0 });
  const models = ['base', 'adapter-1', 'adapter-2', 'adapter-3'];
  const request = (i: number) => ({
    ...{ model: models[i % models.length]!, prompt: `def f${i % 8}(a):\n`, max_tokens: 12, seed: i % 8 },
  });
  await client.completions.create({ ...request(1), model: 'adapter-1' }); // loads the base
  const alone: string[] = [];
  for (let i = 0; i < 8; i++) alone.push((await client.completions.create(request(i))).choices[0]!.text);

  let answered = 0;
  const ask = async (i: number): Promise<void> => {
    const gone = new AbortController();
    const goes = i % 3 === 0;
    if (goes) void setTimeout((i * 37) % 400).then(() => gone.abort());
    try {
      let text = '';
      const stream = await client.completions.create({ ...request(i), stream: true }, { signal: gone.signal });
      for await (const { choices } of stream) text += choices[0]?.text ?? '';
      if (gone.signal.aborted) return;
      assert.equal(text, alone[i % 8]);
      answered++;
    } catch (error) {
      if (!gone.signal.aborted) throw error;
    }
  };
  const warnings: Error[] = [];
  const warned = (warning: Error): void => void warnings.push(warning); // of listeners that pile up
  process.on('warning', warned);
  let middle = 0;
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all(Array.from({ length: CLIENTS }, (_, i) => ask(round * CLIENTS + i)));
    if (round === Math.floor(ROUNDS / 2)) middle = (await one.engines.states())[0]!.rssBytes;
  }
  process.off('warning', warned);
  assert.deepEqual(warnings, []);
  assert.ok(answered >= (CLIENTS * ROUNDS * 2) / 3 - ROUNDS, `${answered} were answered`);
  await until('nothing is under way', () => one.engines.requests() === 0);
  const [state] = await one.engines.states();
  const { rows, requests, prefixCache, bank } = state!.stats;
  assert.deepEqual([rows.used, requests.running, requests.waiting, requests.failed], [0, 0, 0, 0]);
  assert.ok(prefixCache.bytes <= prefixCache.budgetBytes && bank.bytes <= bank.budgetBytes);
  assert.ok(requests.cancelled > 0);
  assert.equal(bank.adapters, 3);
  await setTimeout(1200); // its next heartbeat tells its memory
  const last = (await one.engines.states())[0]!.rssBytes;
  assert.ok(last - middle < STEADY_BYTES, `the engine had ${middle} bytes in the middle and ${last} at the end`);
});
