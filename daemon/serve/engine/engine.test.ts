// Slow: loads the graphs of several banks, for two models in both weight formats.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerOf, letters, type MadeAdapter, madeAdapter, withEngine as withServing } from '../../../test/engine.ts';
import { modelFixture } from '../../../test/fixtures/read.ts';
import { largestDifference, logits } from '../../../test/logits.ts';
import { merged } from '../../../test/merged.ts';
import { temporaryFolder } from '../../../test/temporary.ts';
import { adapterMethod } from '../../methods/registry.ts';
import { type BaseModel, openBase } from '../../models/base.ts';
import { VeraError } from '../../protocol/errors.ts';
import type { Engine, EngineOptions } from './engine.ts';
import type { EndPiece, GenerationRequest } from './request.ts';

const cache = temporaryFolder();
/** With room for longer texts than the fixtures were made for. */
const baseOf = (name: string): BaseModel => {
  const model = openBase(modelFixture(name).dir, cache);
  return { ...model, config: { ...model.config, maxLength: 512 } };
};
const base = baseOf('llama-gqa-tied-bf16');

const withEngine = <T>(
  adapters: readonly MadeAdapter[],
  options: Partial<EngineOptions>,
  use: (engine: Engine) => Promise<T>,
): Promise<T> => withServing({ base, cache, ...options }, adapters, use);

const tokens = (count: number, step = 7): number[] =>
  Array.from({ length: count }, (_, i) => (i * step + 3) % base.config.vocabulary);
const seeded = { temperature: 1, topP: 0.98, seed: 5 };

/** A mixed batch: every third row is the base, a VeRA or a LoRA adapter, of various ranks, seeds, modules and layers. */
const MIXED: (MadeAdapter | undefined)[] = Array.from({ length: 32 }, (_, i) => {
  const targets = ['all-linear', 'q_proj,v_proj', 'down_proj,o_proj'][i % 2]!;
  if (i % 8 === 0) return undefined;
  if (i % 8 === 1) return madeAdapter(base, { method: 'lora', rank: 3 + (i % 3), alpha: 7, seed: i, targets });
  const layers = i % 3 === 0 ? { layers: '0' } : {};
  return madeAdapter(base, { rank: 4 + (i % 5), projectionKey: i % 3, seed: i, size: 0.6, targets, ...layers });
});
const mixedAdapters = MIXED.filter((adapter) => adapter !== undefined);

/** Log-probabilities of all tokens at each place of an answer, [places, vocabulary]. */
async function probabilities(engine: Engine, request: GenerationRequest): Promise<{ ids: number[]; of: Float32Array }> {
  const { vocabulary } = engine.info;
  const { pieces, tokens: ids } = await answerOf(engine.submit({ ...request, logprobs: vocabulary }));
  const of = new Float32Array(ids.length * vocabulary);
  const chosen = pieces.flatMap((piece) => (piece.type === 'text' ? (piece.logprobs ?? []) : []));
  chosen.forEach(({ top }, place) => top.forEach(({ token, logprob }) => (of[place * vocabulary + token] = logprob)));
  return { ids, of };
}

function logSoftmax(row: Float32Array): Float32Array {
  const largest = Math.max(...row);
  const sum = row.reduce((total, value) => total + Math.exp(value - largest), 0);
  return row.map((value) => value - largest - Math.log(sum));
}

test('each row of a mixed batch of 32 adapters answers as its own merged model does', async () => {
  await withEngine(mixedAdapters, { maxLength: 256 }, async (engine) => {
    const { vocabulary } = engine.info;
    const prompts = MIXED.map((_, i) => tokens(60 + 3 * i, 5 + i));
    const answers = await Promise.all(
      MIXED.map((adapter, i) =>
        probabilities(engine, { prompt: { tokens: prompts[i]! }, adapter: adapter?.hash, maxTokens: 6 }),
      ),
    );
    for (const [i, { ids, of }] of answers.entries()) {
      const made = MIXED[i];
      const row = [...prompts[i]!, ...ids];
      const own = made && {
        adaptation: merged(adapterMethod(made.method).create(made.sites, made.options, [])),
        theta: made.theta,
      };
      const [all] = await logits({ base, cache, ...own }, [{ ids: row }]);
      ids.forEach((_, place) => {
        const at = (prompts[i]!.length - 1 + place) * vocabulary;
        const expected = logSoftmax(all!.subarray(at, at + vocabulary));
        const got = of.subarray(place * vocabulary, (place + 1) * vocabulary);
        assert.ok(
          largestDifference(got, expected) < 1e-4,
          `row ${i}, place ${place}: ${largestDifference(got, expected)}`,
        );
      });
    }
    assert.equal(engine.stats().rows.used, 0);
  });
});

for (const name of ['llama-gqa-tied-bf16', 'qwen2', 'mistral-fp16']) {
  for (const precision of ['fp32', 'int8']) {
    test(`${name}, ${precision}: alone, in a crowd, after the prefix cache and with guesses, the bits are the same`, async () => {
      const model = baseOf(name);
      const adapters = [
        madeAdapter(model, { rank: 8, size: 0.5 }),
        madeAdapter(model, { rank: 5, targets: 'q_proj,v_proj', projectionKey: 4, size: 2 }),
        madeAdapter(model, { method: 'lora', rank: 4 }),
      ];
      // The pattern repeats, so that guesses are right now and then.
      const prompt = { tokens: Array.from({ length: 150 }, (_, i) => (i % 9) + 1) };
      const asked = [undefined, ...adapters.map(({ hash }) => hash)].map((adapter): GenerationRequest => ({
        prompt,
        adapter,
        maxTokens: 70,
        sampling: seeded,
        ignoreEnd: true,
      }));
      await withEngine(adapters, { base: model, precision, maxLength: 256, prefixBytes: 0 }, async (engine) => {
        const alone: Awaited<ReturnType<typeof probabilities>>[] = [];
        for (const request of asked) alone.push(await probabilities(engine, { ...request, lookup: false }));
        assert.equal(new Set(alone.map(({ ids }) => ids.join())).size, asked.length);
        const others = asked.flatMap((request) => [
          { ...request, prompt: { tokens: tokens(99).map((id) => id % 90) } },
          { ...request, sampling: { ...seeded, seed: 9 }, prompt: { tokens: [4, 5] } },
        ]);
        const [crowd] = await Promise.all([
          Promise.all(asked.map((request) => probabilities(engine, request))),
          Promise.all(others.map((request) => answerOf(engine.submit(request)))),
        ]);
        assert.deepEqual(crowd, alone, 'in a crowd');
        const guessed = [];
        for (const request of asked) guessed.push(await probabilities(engine, request));
        assert.deepEqual(guessed, alone, 'with guesses');
        assert.ok(engine.stats().draftedTokens > 0);
        assert.equal(engine.stats().prefixCache.hitTokens, 0);
      });
      await withEngine(adapters, { base: model, precision, maxLength: 256 }, async (engine) => {
        for (const request of asked) {
          const cold = await probabilities(engine, request);
          const before = engine.stats().prefixCache.hitTokens;
          assert.deepEqual(await probabilities(engine, request), cold, 'after the prefix cache');
          assert.equal(engine.stats().prefixCache.hitTokens - before, 128);
        }
      });
    });
  }
}

test('a continued conversation finds the blocks of its prompt and of the answer before it', async () => {
  await withEngine([], { maxLength: 400 }, async (engine) => {
    const prompt = tokens(100);
    const first = await answerOf(engine.submit({ prompt: { tokens: prompt }, maxTokens: 100, ignoreEnd: true }));
    const next = { prompt: { tokens: [...prompt, ...first.tokens, 1, 2, 3] }, maxTokens: 5, ignoreEnd: true };
    const { end, tokens: warm } = await answerOf(engine.submit(next));
    assert.equal(end.usage.cachedTokens, 192);
    const cold = await withEngine([], { maxLength: 400 }, (other) => answerOf(other.submit(next)));
    assert.deepEqual(warm, cold.tokens);
    assert.equal(cold.end.usage.cachedTokens, 0);
  });
});

test('guesses are right where the text repeats, and the answer is that without them', async () => {
  await withEngine([], { maxLength: 512 }, async (engine) => {
    const bias = Array.from({ length: base.config.vocabulary }, (_, id): [number, number] => [id, id < 3 ? 0 : -50]);
    const request = {
      prompt: { tokens: [1, 2, 1, 2, 1, 2] },
      maxTokens: 200,
      ignoreEnd: true,
      sampling: { logitBias: bias },
    };
    const plain = await answerOf(engine.submit({ ...request, lookup: false }));
    const steps = engine.stats().steps;
    const guessed = await answerOf(engine.submit(request));
    assert.deepEqual(guessed.tokens, plain.tokens);
    assert.ok(guessed.end.usage.acceptedTokens > 50, `${guessed.end.usage.acceptedTokens} guesses were right`);
    assert.ok(engine.stats().steps - steps < steps / 2);
  });
});

test('stop texts, ends, limits and log-probabilities', async () => {
  await withEngine([], { maxLength: 128 }, async (engine) => {
    const request = { prompt: { tokens: tokens(20) }, maxTokens: 30, ignoreEnd: true, sampling: seeded };
    const whole = await answerOf(engine.submit(request));
    assert.equal(whole.end.reason, 'length');
    assert.equal(whole.text, letters.decode(whole.tokens));
    assert.deepEqual(
      { ...whole.end.usage },
      {
        promptTokens: 20,
        cachedTokens: 0,
        answerTokens: 30,
        draftedTokens: whole.end.usage.draftedTokens,
        acceptedTokens: whole.end.usage.acceptedTokens,
      },
    );
    const stop = whole.text.slice(9, 12);
    const first = whole.text.indexOf(stop);
    const stopped = await answerOf(engine.submit({ ...request, stop: ['zz', stop] }));
    assert.deepEqual([stopped.text, stopped.end.reason, stopped.end.stop], [whole.text.slice(0, first), 'stop', stop]);
    const full = await answerOf(engine.submit({ ...request, maxTokens: undefined }));
    assert.deepEqual([full.end.reason, full.tokens.length], ['length', 108]);
    const late = await answerOf(engine.submit({ ...request, maxTokens: undefined, deadlineMs: 0 }));
    assert.deepEqual([late.end.reason, late.text], ['deadline', '']);
    const told = await answerOf(engine.submit({ ...request, logprobs: 2 }));
    for (const piece of told.pieces)
      if (piece.type === 'text' && piece.tokens.length > 0) {
        const [{ top, logprob }] = piece.logprobs as [NonNullable<typeof piece.logprobs>[0]];
        assert.equal(top.length, 2);
        assert.ok(top[0]!.logprob >= top[1]!.logprob && top[0]!.logprob >= logprob && logprob <= 0);
      }
  });
});

test('what cannot be answered is refused, and says why', async () => {
  const foreign = { ...madeAdapter(base, { rank: 4 }), base: 'f'.repeat(64) };
  const damaged = { ...madeAdapter(base, { rank: 6 }), theta: new Float32Array(3) };
  const idle = madeAdapter(base, { rank: 4, size: 0 });
  await withEngine([foreign, damaged, idle], { maxLength: 64, waiting: 2 }, async (engine) => {
    const refused = (request: Partial<GenerationRequest>, says: RegExp): Promise<void> =>
      assert.rejects(
        answerOf(engine.submit({ prompt: { tokens: [1] }, maxTokens: 2, ...request })),
        (error) => error instanceof VeraError && says.test(error.message),
      );
    await refused({ prompt: { tokens: [] } }, /no tokens/);
    await refused({ prompt: { tokens: tokens(64) } }, /64 tokens.*may have 64/);
    await refused({ prompt: { tokens: [base.config.vocabulary] } }, /outside the base's vocabulary/);
    await refused({ prompt: { messages: [] } }, /no chat template/);
    await refused({ prompt: { prefix: 'a', suffix: 'b' } }, /no fill-in-the-middle/);
    await refused({ maxTokens: 0 }, /at least one token/);
    await refused({ sampling: { topP: 2 } }, /top-p/);
    await refused({ sampling: { repetitionPenalty: 0 } }, /repetition penalty/);
    await refused({ sampling: { logitBias: [[-1, 3]] } }, /logit bias: token -1/);
    await refused({ adapter: foreign.hash }, /another base/);
    await refused({ adapter: damaged.hash }, /holds 3 numbers/);
    await refused({ adapter: 'a'.repeat(64) }, /no adapter/);
    assert.deepEqual(await engine.prepare(idle.hash), { adapter: idle.hash, idle: true });
    const ask = (adapter?: string) => answerOf(engine.submit({ prompt: { tokens: [5, 6] }, adapter, maxTokens: 9 }));
    assert.deepEqual((await ask(idle.hash)).tokens, (await ask()).tokens);
    const many = Array.from({ length: 60 }, () =>
      ask().then(
        () => 'answered',
        (error: unknown) => (error as Error).message,
      ),
    );
    const refusals = (await Promise.all(many)).filter((one) => one !== 'answered');
    assert.ok(refusals.length > 0 && refusals.every((one) => /too many requests wait/.test(one)));
  });
});

test('cancelled requests leave within a step, and nothing stays behind', async () => {
  const adapter = madeAdapter(base, { rank: 4 });
  await withEngine([adapter], { maxLength: 400, rows: 4 }, async (engine) => {
    const ask = async (i: number): Promise<EndPiece | 'cancelled' | 'left'> => {
      const controller = new AbortController();
      if (i % 4 === 0) controller.abort();
      const hash = i % 2 === 0 ? adapter.hash : undefined;
      const request = { prompt: { tokens: tokens(100 + i) }, adapter: hash, maxTokens: 20, ignoreEnd: true };
      let count = 0;
      try {
        for await (const piece of engine.submit(request, controller.signal)) {
          if (piece.type === 'end') return piece;
          if (++count === 3 && i % 4 === 1) controller.abort();
          if (count === 3 && i % 4 === 2) return 'left';
        }
      } catch (error) {
        assert.equal((error as VeraError).code, 'cancelled');
        return 'cancelled';
      }
      throw new Error('the answer has no end');
    };
    const ends = await Promise.all(Array.from({ length: 40 }, (_, i) => ask(i)));
    assert.deepEqual(
      ends.map((end) => (typeof end === 'string' ? end : end.reason)),
      ends.map((_, i) => ['cancelled', 'cancelled', 'left', 'length'][i % 4]),
    );
    await answerOf(engine.submit({ prompt: { tokens: [1] }, maxTokens: 1 }));
    const { rows, requests } = engine.stats();
    assert.deepEqual([rows.used, requests.running, requests.waiting], [0, 0, 0]);
  });
});

test('requests wait while those under way have the memory that is for them, and all are answered', async () => {
  await withEngine([], { maxLength: 400, rowBytes: 1 }, async (engine) => {
    let most = 0;
    const ask = async (i: number): Promise<number> => {
      const request = { prompt: { tokens: tokens(40 + i) }, maxTokens: 4, ignoreEnd: true };
      let count = 0;
      for await (const piece of engine.submit(request)) {
        most = Math.max(most, engine.stats().requests.running);
        if (piece.type === 'text') count += piece.tokens.length;
      }
      return count;
    };
    assert.deepEqual(await Promise.all(Array.from({ length: 6 }, (_, i) => ask(i))), [4, 4, 4, 4, 4, 4]);
    assert.equal(most, 1);
  });
});

test('a long prompt does not stall those who generate, and background requests get their turn', async () => {
  await withEngine([], { maxLength: 512, rows: 3, stallMs: 0 }, async (engine) => {
    const order: string[] = [];
    const ask = async (name: string, request: Partial<GenerationRequest>): Promise<void> => {
      for await (const piece of engine.submit({ prompt: { tokens: [1] }, ignoreEnd: true, maxTokens: 4, ...request }))
        order.push(piece.type === 'end' ? `${name} end` : name);
    };
    await Promise.all([
      ask('short', { maxTokens: 12 }),
      ask('long', { prompt: { tokens: tokens(500) }, lookup: false }),
      ask('background', { priority: 'background' }),
    ]);
    assert.ok(order.indexOf('long') > order.indexOf('background end'));
    assert.ok(order.slice(0, order.indexOf('long')).filter((name) => name === 'short').length >= 7);
  });
});
