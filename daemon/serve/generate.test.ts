import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { modelFixture, modelNames } from '../../test/fixtures/read.ts';
import { largestDifference, logits } from '../../test/logits.ts';
import { seededUniform } from '../methods/random.ts';
import { FIRST_OPTIONS } from '../methods/options.ts';
import { vera } from '../methods/vera.ts';
import { unadapted } from '../models/adaptation.ts';
import { openBase } from '../models/base.ts';
import { linearSites } from '../models/registry.ts';
import { VeraError } from '../protocol/errors.ts';
import { mostLikely } from './sample.ts';
import { type GenerateOptions, Generator, type GeneratorOptions } from './generate.ts';

const cache = mkdtempSync(join(tmpdir(), 'vera-generate-'));
after(() => rmSync(cache, { recursive: true, force: true }));
const session = { threads: 1 };

/** Runs with a generator of a fixture's base; the options not given are those of the plain base in fp32. */
async function generating<T>(
  name: string,
  more: Partial<GeneratorOptions>,
  use: (generator: Generator, vocabulary: number) => Promise<T>,
): Promise<T> {
  const base = openBase(modelFixture(name).dir, cache);
  const plain = {
    base,
    adaptation: unadapted,
    theta: new Float32Array(),
    precision: 'fp32',
    cache,
    maxLength: 128,
    session,
  } as const;
  const generator = await Generator.create({ ...plain, ...more });
  try {
    return await use(generator, base.config.vocabulary);
  } finally {
    await generator.release();
  }
}

function adapted(name: string) {
  const base = openBase(modelFixture(name).dir, cache);
  const adaptation = vera.create(linearSites(base.config), { ...FIRST_OPTIONS, rank: 8 }, []);
  const size = adaptation.parameters.reduce((sum, { shape }) => sum + shape[0]!, 0);
  return { adaptation, theta: seededUniform('theta', size, 0.5) };
}

for (const name of modelNames()) {
  for (const precision of ['fp32', 'int8'] as const) {
    test(`${name}, ${precision}: a token at a time, in one go and as training reads it, the logits are the same`, async () => {
      const base = openBase(modelFixture(name).dir, cache);
      const { adaptation, theta } = adapted(name);
      // Longer than the cache is at first and than what is read at once.
      const ids = Array.from({ length: 3 }, () => modelFixture(name).ids[0]!)
        .flat()
        .slice(0, 120);
      const [all] = await logits({ base, cache, adaptation, theta, precision }, [{ ids }]);
      const { vocabulary } = base.config;
      const expected = (t: number) => all!.subarray(t * vocabulary, (t + 1) * vocabulary);
      await generating(name, { adaptation, theta, precision }, async (generator) => {
        const single = generator.start();
        // The head is quantised too when generating, which moves the logits a little; in fp32 nothing may move.
        const tolerance = precision === 'fp32' ? 1e-4 : 0.05 * Math.max(...all!.map(Math.abs));
        for (const [t, id] of ids.entries()) {
          assert.ok(largestDifference(await generator.read(single, [id]), expected(t)) < tolerance, `token ${t}`);
        }
        const parts = generator.start();
        await generator.read(parts, ids.slice(0, 50));
        const last = await generator.read(parts, ids.slice(50));
        assert.equal(parts.length, ids.length);
        assert.ok(largestDifference(last, expected(ids.length - 1)) < tolerance);
      });
    });
  }
}

test('a prompt longer than what is read at once gives the logits of the whole', async () => {
  const { dir } = modelFixture('llama-gqa-tied-bf16');
  const base = openBase(dir, cache);
  const ids = Array.from({ length: 300 }, (_, i) => (i * 31) % base.config.vocabulary);
  const [all] = await logits({ base, cache }, [{ ids }]);
  await generating('llama-gqa-tied-bf16', { maxLength: 300 }, async (generator) => {
    const last = await generator.read(generator.start(), ids);
    assert.ok(largestDifference(last, all!.subarray(-base.config.vocabulary)) < 1e-4);
  });
});

test('greedy generation takes the most likely token of the whole row each time', async () => {
  const base = openBase(modelFixture('qwen2').dir, cache);
  const ids = modelFixture('qwen2').ids[1]!.slice();
  const expected: number[] = [];
  for (let i = 0; i < 6; i++) {
    const [all] = await logits({ base, cache }, [{ ids }]);
    expected.push(mostLikely(all!.subarray(-base.config.vocabulary)));
    ids.push(expected[i]!);
  }
  await generating('qwen2', {}, async (generator) => {
    const seen: number[] = [];
    const options = { prompt: modelFixture('qwen2').ids[1]!, maxTokens: 6, temperature: 0, seed: 0, stop: [] };
    assert.deepEqual(await generator.generate({ ...options, onToken: (id) => seen.push(id) }), expected);
    assert.deepEqual(seen, expected);
    const stopAt = expected[3]!;
    assert.deepEqual(
      await generator.generate({ ...options, stop: [stopAt] }),
      expected.slice(0, expected.indexOf(stopAt)),
    );
  });
});

test('the same seed gives the same tokens, another gives others, and calls at once do not disturb each other', async () => {
  await generating('llama', {}, async (generator) => {
    const options: GenerateOptions = { prompt: [5, 6, 7], maxTokens: 20, temperature: 1, seed: 1, stop: [] };
    const first = await generator.generate(options);
    const [again, other] = await Promise.all([
      generator.generate(options),
      generator.generate({ ...options, prompt: [9], seed: 2 }),
    ]);
    assert.deepEqual(again, first);
    assert.notDeepEqual(other, first);
    assert.equal(first.length, 20);
  });
});

test('generation ends at the length it was made for, and when it is told to', async () => {
  await generating('llama', { maxLength: 10 }, async (generator) => {
    const options: GenerateOptions = { prompt: [1, 2, 3, 4], maxTokens: 100, temperature: 0, seed: 0, stop: [] };
    assert.equal((await generator.generate(options)).length, 6);
    const stop = new AbortController();
    const seen: number[] = [];
    const onToken = (id: number) => {
      if (seen.push(id) === 2) stop.abort();
    };
    assert.deepEqual(await generator.generate({ ...options, onToken, signal: stop.signal }), seen);
    assert.equal(seen.length, 2);
  });
});

test('prompts and adapters that do not fit are refused', async () => {
  await generating('llama', { maxLength: 10 }, async (generator) => {
    const refused = (prompt: number[], says: RegExp) =>
      assert.rejects(
        generator.generate({ prompt, maxTokens: 1, temperature: 0, seed: 0, stop: [] }),
        (error: unknown) => error instanceof VeraError && says.test(error.message),
      );
    await refused([], /no tokens/);
    await refused(new Array<number>(10).fill(1), /10 tokens.*may have 10/);
    await refused([97], /token 97.*vocabulary of 97/);
    await refused([-1], /token -1/);
  });
  await assert.rejects(
    generating('llama', { ...adapted('llama'), theta: new Float32Array(3) }, async () => undefined),
    /adapter holds 3 numbers/,
  );
});
