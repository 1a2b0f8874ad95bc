// Slow: a few hundred random operations on a model. VERA_ENGINE_OPERATIONS asks for another number.
/**
 * Random requests, cancellations, retrained adapters and evictions, over a bank and a prefix cache that are far too small. The
 * adapters are tell-tale: each makes other tokens of the same prompt, which an engine that is never disturbed told beforehand. A token
 * of a stale cache or of another's adapter shows.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerOf, letters, type MadeAdapter, madeAdapter } from '../../../test/engine.ts';
import { modelFixture } from '../../../test/fixtures/read.ts';
import { temporaryFolder } from '../../../test/temporary.ts';
import { seededRandom } from '../../data/random.ts';
import { startAt } from '../../methods/start.ts';
import { openBase } from '../../models/base.ts';
import { VeraError } from '../../protocol/errors.ts';
import { Engine } from './engine.ts';
import type { GenerationRequest } from './request.ts';

const OPERATIONS = Number(process.env['VERA_ENGINE_OPERATIONS'] ?? 400);
const cache = temporaryFolder();
const opened = openBase(modelFixture('llama-gqa-tied-bf16').dir, cache);
const base = { ...opened, config: { ...opened.config, maxLength: 256 } };

/** What a name means at present; retraining gives it another content. */
const NAMES = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'];
const VERSIONS = 4;
const KINDS = [
  { rank: 4, size: 1 },
  { rank: 6, size: 1.5, targets: 'q_proj,v_proj', projectionKey: 3 },
  { method: 'lora', rank: 3, size: 0.8 },
  { rank: 4, size: 1 },
  { rank: 5, size: 3, projectionKey: 7, layers: '0' },
  { rank: 4, size: 1.2, start: startAt('2', [2]) },
  { method: 'lora', rank: 3, size: 1.5, start: { activateAfter: 'answer' } },
  { rank: 4, size: 2, start: { activateAfter: 'answer' } },
];
const versions = new Map(
  NAMES.map((name, i) => [
    name,
    Array.from({ length: VERSIONS }, (_, v) => madeAdapter(base, { ...KINDS[i]!, seed: 10 * i + v })),
  ]),
);
const adapters = [...versions.values()].flat();
/** Prompts with shared beginnings: part of a block, one block, two blocks. */
const start = Array.from({ length: 128 }, (_, i) => (i * 11 + 2) % base.config.vocabulary);
const PROMPTS = [
  [...start.slice(0, 30), 5, 6],
  [...start.slice(0, 64), 7],
  [...start.slice(0, 100), 9, 9, 9],
  [...start, 1, 2, 3],
  [...start, 4],
  [8],
];

async function engineWith(options: { prefixBytes: number; bankBytes: number }): Promise<Engine> {
  const byHash = new Map(adapters.map((adapter) => [adapter.hash, adapter]));
  return Engine.create({
    ...{ base, tokenizer: letters, precision: 'int8', cache, session: { threads: 1 }, rows: 6, ...options },
    load: async (hash) => {
      await new Promise((resolve) => setImmediate(resolve));
      return byHash.get(hash)!;
    },
  });
}

const requestOf = (prompt: readonly number[], adapter: MadeAdapter | undefined, seed: number): GenerationRequest => ({
  prompt: { tokens: prompt },
  adapter: adapter?.hash,
  maxTokens: 10,
  ignoreEnd: true,
  sampling: seed === 0 ? {} : { temperature: 0.8, seed },
});

test(`${OPERATIONS} random operations give no stale and no crossed token`, { timeout: 3_600_000 }, async () => {
  const quiet = await engineWith({ prefixBytes: 0, bankBytes: 1e9 });
  const known = new Map<string, string>();
  const expected = async (request: GenerationRequest): Promise<string> => {
    const key = JSON.stringify(request);
    const found = known.get(key) ?? (await answerOf(quiet.submit({ ...request, lookup: false }))).tokens.join();
    known.set(key, found);
    return found;
  };
  // They tell the adapters apart.
  const told = new Set<string>();
  for (const adapter of [undefined, ...adapters]) told.add(await expected(requestOf(PROMPTS[3]!, adapter, 0)));
  assert.equal(told.size, adapters.length + 1);

  const engine = await engineWith({ prefixBytes: 20_000, bankBytes: 3 * 4 * 2000 });
  const random = seededRandom('operations', process.env['VERA_ENGINE_SEED'] ?? 1);
  const below = (n: number): number => Math.floor(random() * n);
  const current = new Map(NAMES.map((name) => [name, 0]));
  const running = new Set<Promise<void>>();
  const failures: string[] = [];
  const counts = { answered: 0, cancelled: 0, retrained: 0 };
  const ask = async (request: GenerationRequest, cancelAfter: number): Promise<void> => {
    const controller = new AbortController();
    const got: number[] = [];
    try {
      for await (const piece of engine.submit(request, controller.signal)) {
        if (piece.type === 'text') got.push(...piece.tokens);
        if (got.length >= cancelAfter) controller.abort();
      }
      counts.answered++;
    } catch (error) {
      if (!(error instanceof VeraError) || error.code !== 'cancelled') throw error;
      counts.cancelled++;
    }
    const wanted = (await expected(request)).split(',').slice(0, got.length).join();
    if (got.join() !== wanted) failures.push(`${JSON.stringify(request)}: ${got.join()}, not ${wanted}`);
  };
  for (let i = 0; i < OPERATIONS; i++) {
    if (below(8) === 0) {
      const name = NAMES[below(NAMES.length)]!;
      current.set(name, (current.get(name)! + 1) % VERSIONS);
      counts.retrained++;
      continue;
    }
    const name = NAMES[below(NAMES.length + 1)];
    const adapter = name === undefined ? undefined : versions.get(name)![current.get(name)!];
    const request = requestOf(PROMPTS[below(PROMPTS.length)]!, adapter, below(3));
    const task: Promise<void> = ask(request, below(5) === 0 ? below(4) : Infinity).finally(() => running.delete(task));
    running.add(task);
    if (running.size >= 10) await Promise.race(running);
  }
  await Promise.all(running);
  assert.deepEqual(failures, []);
  const { rows, requests, prefixCache, bank } = engine.stats();
  assert.deepEqual([rows.used, requests.running, requests.waiting, requests.failed], [0, 0, 0, 0]);
  assert.ok(counts.cancelled > 0 && counts.retrained > 0 && counts.answered > OPERATIONS / 3, JSON.stringify(counts));
  assert.ok(
    prefixCache.hitTokens > 0 && prefixCache.evicted > 0 && bank.evicted > 0,
    JSON.stringify([prefixCache, bank]),
  );
  assert.ok(prefixCache.bytes <= prefixCache.budgetBytes);
  await engine.release();
  await quiet.release();
});
