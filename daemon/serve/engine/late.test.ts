// Slow: loads the graphs of several banks in both weight formats.
/** Adapters that start late: the base reads what comes before their start, so its blocks serve all of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerOf, letters, type MadeAdapter, madeAdapter, withEngine as withServing } from '../../../test/engine.ts';
import { modelFixture } from '../../../test/fixtures/read.ts';
import { largestDifference, logits } from '../../../test/logits.ts';
import { temporaryFolder } from '../../../test/temporary.ts';
import type { Tokenizer } from '../../data/tokenizer.ts';
import { adapterMethod } from '../../methods/registry.ts';
import { startAt } from '../../methods/start.ts';
import { openBase } from '../../models/base.ts';
import type { Engine, EngineOptions } from './engine.ts';
import type { GenerationRequest } from './request.ts';

const cache = temporaryFolder();
const opened = openBase(modelFixture('llama-gqa-tied-bf16').dir, cache);
const base = { ...opened, config: { ...opened.config, maxLength: 512 } };
const { vocabulary } = base.config;

const withEngine = <T>(
  adapters: readonly MadeAdapter[],
  options: Partial<EngineOptions>,
  use: (engine: Engine) => Promise<T>,
): Promise<T> => withServing({ base, cache, maxLength: 320, ...options }, adapters, use);

/** The token that starts an adapter; no other place of the prompts has it. */
const SIGN = 95;
const context = (length: number): number[] => Array.from({ length }, (_, i) => (i * 7 + 3) % 90);
const AT_SIGN = startAt('sign', [SIGN]);
const AT_ANSWER = { activateAfter: 'answer' };
const asked = (tokens: readonly number[], adapter: MadeAdapter | undefined): GenerationRequest => ({
  ...{ prompt: { tokens }, adapter: adapter?.hash, maxTokens: 6, ignoreEnd: true },
  sampling: { temperature: 1, topP: 0.98, seed: 5 },
});

for (const method of ['vera', 'lora']) {
  test(`${method}: the answer is that of base before the start and adapter after it`, async () => {
    const adapters = [AT_SIGN, AT_ANSWER].map((start) => madeAdapter(base, { method, rank: 5, size: 0.6, start }));
    const [atSign, atAnswer] = adapters as [MadeAdapter, MadeAdapter];
    const prompts = [1, 63, 64, 65, 127, 150].map((before) => [...context(before), SIGN, ...context(20)]);
    await withEngine(adapters, {}, async (engine) => {
      const cases = [
        ...prompts.map((tokens) => ({ tokens, adapter: atSign, start: tokens.indexOf(SIGN) })),
        { tokens: [SIGN, 4, 5], adapter: atSign, start: 0 },
        { tokens: [...context(70), SIGN], adapter: atSign, start: 70 },
        ...[1, 2, 64, 65, 128].map((length) => ({ tokens: context(length), adapter: atAnswer, start: length - 1 })),
      ];
      const answers = await Promise.all(
        cases.map(({ tokens, adapter }) =>
          answerOf(engine.submit({ ...asked(tokens, adapter), logprobs: vocabulary })),
        ),
      );
      for (const [i, { tokens, adapter, start }] of cases.entries()) {
        const { tokens: ids, pieces, end } = answers[i]!;
        assert.equal(end.unstarted, undefined);
        const adaptation = adapterMethod(method).create(adapter.sites, adapter.options, []);
        const row = { ids: [...tokens, ...ids], start };
        const [all] = await logits({ base, cache, adaptation, theta: adapter.theta }, [row]);
        const chosen = pieces.flatMap((piece) => (piece.type === 'text' ? (piece.logprobs ?? []) : []));
        chosen.forEach(({ top }, place) => {
          const at = (tokens.length - 1 + place) * vocabulary;
          const expected = all!.subarray(at, at + vocabulary);
          const sum = Math.log(expected.reduce((total, value) => total + Math.exp(value), 0));
          const got = new Float32Array(vocabulary);
          for (const { token, logprob } of top) got[token] = logprob;
          const difference = largestDifference(
            got,
            expected.map((value) => value - sum),
          );
          assert.ok(difference < 1e-4, `case ${i}, place ${place}: ${difference}`);
        });
      }
    });
  });
}

for (const precision of ['fp32', 'int8']) {
  test(`${precision}: alone, in a crowd and after the prefix cache, the bits are the same`, async () => {
    const adapters = [
      madeAdapter(base, { rank: 4, size: 0.8, start: AT_SIGN }),
      madeAdapter(base, { rank: 4, size: 0.8, seed: 3 }),
      madeAdapter(base, { method: 'lora', rank: 3, start: AT_ANSWER }),
      madeAdapter(base, { rank: 4, size: 0.8, seed: 4, start: AT_ANSWER }),
    ];
    const requests = [undefined, ...adapters].flatMap((adapter) =>
      [
        [...context(100), SIGN, ...context(9)],
        [...context(70), SIGN],
        [SIGN, 3],
      ].map((tokens) => ({
        ...asked(tokens, adapter),
        logprobs: 20,
      })),
    );
    const alone = await withEngine(adapters, { precision, prefixBytes: 0 }, async (engine) => {
      const answers = [];
      for (const request of requests)
        answers.push((await answerOf(engine.submit({ ...request, lookup: false }))).pieces.slice(0, -1));
      return answers;
    });
    await withEngine(adapters, { precision }, async (engine) => {
      const crowd = (): Promise<unknown[]> =>
        Promise.all(requests.map(async (request) => (await answerOf(engine.submit(request))).pieces.slice(0, -1)));
      assert.deepEqual(await crowd(), alone, 'in a crowd');
      const { hitTokens } = engine.stats().prefixCache;
      assert.deepEqual(await crowd(), alone, 'after the prefix cache');
      assert.ok(engine.stats().prefixCache.hitTokens - hitTokens >= 64 * 10);
    });
  });
}

test('what the base has read serves every adapter that starts later, also after it was trained again', async () => {
  const full = [1, 2].map((seed) => madeAdapter(base, { rank: 4, seed }));
  const late = [1, 2, 3].map((seed) => madeAdapter(base, { rank: 4, seed, start: AT_SIGN }));
  const other = madeAdapter(base, { method: 'lora', rank: 3, targets: 'q_proj', start: AT_ANSWER });
  const prompt = [...context(200), SIGN, ...context(70)];
  await withEngine([...full, ...late, other], {}, async (engine) => {
    const cached = async (adapter: MadeAdapter | undefined, tokens = prompt): Promise<number> =>
      (await answerOf(engine.submit(asked(tokens, adapter)))).end.usage.cachedTokens;
    assert.equal(await cached(undefined), 0, 'the base reads');
    assert.deepEqual([await cached(full[0]), await cached(full[1])], [0, 0], 'a full adapter has its own blocks');
    assert.equal(await cached(late[0]), 192, 'the blocks before the start');
    assert.equal(await cached(late[1]), 192, 'trained again: another content');
    assert.equal(await cached(late[2]), 192);
    assert.equal(await cached(late[0]), 256, 'its own block, in which it starts, once it has read it');
    assert.equal(await cached(other), 256, 'it starts at the answer');
    // The other way round: a late adapter reads first, and the base finds its blocks.
    const fresh = context(200).map((id) => (id + 1) % 90);
    assert.equal(await cached(late[0], [...fresh, SIGN, 1]), 0);
    assert.equal(await cached(undefined, [...fresh, SIGN, 1]), 192);
    assert.equal(await cached(late[1], [...fresh, 9, SIGN]), 192);
  });
});

test('the point of the start decides too: the same tokens and adapter with another start share no block after it', async () => {
  const adapter = madeAdapter(base, { rank: 4, start: AT_ANSWER });
  await withEngine([adapter], {}, async (engine) => {
    const first = await answerOf(engine.submit({ ...asked(context(20), adapter), maxTokens: 100 }));
    const longer = [...context(20), ...first.tokens];
    const { end } = await answerOf(engine.submit(asked(longer, adapter)));
    assert.equal(end.usage.cachedTokens, 0, 'the base reads what the adapter wrote');
    const again = await answerOf(engine.submit(asked(longer, adapter)));
    assert.equal(again.end.usage.cachedTokens, 96);
  });
});

test('a conversation continues where the adapter started, and its blocks are found', async () => {
  const tokenizer: Tokenizer = {
    ...letters,
    renderChat: (messages, { addGenerationPrompt = false } = {}) =>
      messages.map(({ role, content }) => `${role === 'user' ? '\u0101' : '\u0102'}${content ?? ''}`).join('') +
      (addGenerationPrompt ? '\u0102' : ''),
  };
  const adapter = madeAdapter(base, { rank: 4, start: AT_ANSWER });
  await withEngine([adapter], { tokenizer }, async (engine) => {
    const question = { role: 'user', content: letters.decode(context(90).map((id) => (id % 80) + 10)) };
    const say = (messages: { role: string; content: string }[]) =>
      answerOf(engine.submit({ ...asked([], adapter), prompt: { messages }, maxTokens: 70 }));
    const first = await say([question]);
    const answer = { role: 'assistant', content: first.text };
    const next = await say([question, answer, { role: 'user', content: letters.decode([9, 8, 7]) }]);
    assert.equal(next.end.usage.cachedTokens, 160, 'the question and a part of the answer');
  });
});

test('a prompt without the start is answered by the base, which the end says', async () => {
  const adapter = madeAdapter(base, { rank: 4, size: 2, start: AT_SIGN });
  await withEngine([adapter], {}, async (engine) => {
    const plain = await answerOf(engine.submit(asked(context(80), undefined)));
    const late = await answerOf(engine.submit(asked(context(80), adapter)));
    assert.deepEqual(late.tokens, plain.tokens);
    assert.deepEqual([late.end.unstarted, plain.end.unstarted], [true, undefined]);
    assert.equal(late.end.usage.cachedTokens, 64);
  });
});
