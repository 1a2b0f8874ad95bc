import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { VeraError } from '../protocol/errors.ts';
import { sampler, type SampleOptions } from './sample.ts';

/** How often each of four tokens is drawn. Their probabilities at temperature 1 are 0.5, 0.3, 0.15 and 0.05. */
const LOGITS = Float32Array.from([0.5, 0.3, 0.15, 0.05], Math.log);
function shares(options: Omit<SampleOptions, 'seed'>, draws = 20000): number[] {
  const choose = sampler({ ...options, seed: 7 });
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < draws; i++) counts[choose(LOGITS)]!++;
  return counts.map((count) => count / draws);
}
function check(options: Omit<SampleOptions, 'seed'>, expected: number[]): void {
  shares(options).forEach((share, i) => {
    assert.ok(
      expected[i] === 0 ? share === 0 : Math.abs(share - expected[i]!) < 0.015,
      `token ${i}: ${share}, not ${expected[i]}`,
    );
  });
}

test('tokens are drawn as often as their probabilities say', () => {
  check({ temperature: 1 }, [0.5, 0.3, 0.15, 0.05]);
  check({ temperature: 1, topK: 2 }, [0.5 / 0.8, 0.3 / 0.8, 0, 0]);
  check({ temperature: 1, topP: 0.9 }, [0.5 / 0.95, 0.3 / 0.95, 0.15 / 0.95, 0]);
  check({ temperature: 1, topP: 0.4 }, [1, 0, 0, 0]);
  check({ temperature: 1, topK: 3, topP: 0.7 }, [0.5 / 0.8, 0.3 / 0.8, 0, 0]);
  check({ temperature: 1, topK: 9 }, [0.5, 0.3, 0.15, 0.05]);
  check({ temperature: 0 }, [1, 0, 0, 0]);
  check({ temperature: 2, topK: 1 }, [1, 0, 0, 0]);
  const root = [0.5, 0.3, 0.15, 0.05].map(Math.sqrt);
  const sum = root.reduce((a, b) => a + b);
  check(
    { temperature: 2 },
    root.map((p) => p / sum),
  );
});

test('a token is drawn from the nucleus, however the logits lie', () => {
  const logits = fc.array(fc.float({ min: -20, max: 20, noNaN: true }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(
      logits,
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      fc.double({ min: 0.1, max: 3, noNaN: true }),
      fc.nat(),
      (values, topP, temperature, seed) => {
        const token = sampler({ temperature, topP, seed })(Float32Array.from(values));
        const weights = values.map((v) => Math.exp((v - Math.max(...values)) / temperature));
        const sum = weights.reduce((a, b) => a + b);
        // What is more likely than the drawn token has not yet reached topP.
        const above = weights.filter((w) => w > weights[token]! * (1 + 1e-6)).reduce((a, b) => a + b, 0);
        assert.ok(above / sum < topP + 1e-6);
      },
    ),
  );
});

test('a seed repeats its tokens, and two seeds differ', () => {
  const drawn = (seed: number) => {
    const choose = sampler({ temperature: 1, seed });
    return Array.from({ length: 50 }, () => choose(LOGITS));
  };
  assert.deepEqual(drawn(3), drawn(3));
  assert.notDeepEqual(drawn(3), drawn(4));
});

test('logits that mask tokens out are never drawn, those that are not numbers are an error', () => {
  const choose = sampler({ temperature: 1, seed: 0 });
  for (let i = 0; i < 200; i++) assert.equal(choose(Float32Array.of(-Infinity, 1, -Infinity)), 1);
  assert.throws(
    () => choose(Float32Array.of(0, NaN)),
    (error: unknown) => error instanceof VeraError && error.code === 'numeric',
  );
});

test('settings out of range are refused by name', () => {
  const refused = (options: Partial<SampleOptions>, says: RegExp) =>
    assert.throws(
      () => sampler({ temperature: 1, seed: 0, ...options }),
      (error: unknown) => error instanceof VeraError && error.code === 'usage' && says.test(error.message),
    );
  refused({ temperature: -1 }, /temperature.*not -1/);
  refused({ temperature: NaN }, /temperature/);
  refused({ topP: 0 }, /top-p/);
  refused({ topP: 1.1 }, /top-p/);
  refused({ topK: -1 }, /top-k/);
  refused({ topK: 1.5 }, /top-k/);
});
