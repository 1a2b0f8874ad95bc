import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdamW, clip } from './optimizer.ts';
import { rateFactor } from './schedule.ts';

test('the first step of Adam moves each element by its rate against the gradient, whatever its size', () => {
  const theta = Float32Array.of(1, 1, 1, 1);
  new AdamW(4).step(theta, Float32Array.of(0.001, -1000, 5, 7), [
    { start: 0, end: 2, rate: 0.1, decay: 0 },
    { start: 2, end: 3, rate: 0.01, decay: 0 },
  ]);
  const expected = [0.9, 1.1, 0.99, 1];
  theta.forEach((value, i) =>
    assert.ok(Math.abs(value - (expected[i] as number)) < 1e-5, `${String(i)}: ${String(value)}`),
  );
});

test('weight decay shrinks by rate times decay, apart from the gradient', () => {
  const theta = Float32Array.of(2);
  new AdamW(1).step(theta, Float32Array.of(0), [{ start: 0, end: 1, rate: 0.1, decay: 0.5 }]);
  assert.ok(Math.abs((theta[0] as number) - 1.9) < 1e-6);
});

test('Adam finds the minimum of a quadratic', () => {
  const theta = Float32Array.of(5, -3);
  const adam = new AdamW(2);
  for (let i = 0; i < 500; i++)
    adam.step(
      theta,
      theta.map((x) => 2 * (x - 1)),
      [{ start: 0, end: 2, rate: 0.05, decay: 0 }],
    );
  for (const x of theta) assert.ok(Math.abs(x - 1) < 1e-2, String(x));
});

test('clipping keeps the direction and bounds the norm', () => {
  const gradient = Float32Array.of(3, 4);
  assert.equal(clip(gradient, 1), 5);
  assert.ok(Math.abs((gradient[0] as number) - 0.6) < 1e-6 && Math.abs((gradient[1] as number) - 0.8) < 1e-6);
  const small = Float32Array.of(0.3, 0.4);
  clip(small, 1);
  assert.deepEqual([...small], [...Float32Array.of(0.3, 0.4)]);
});

test('schedules rise over the warm-up and end where they should', () => {
  assert.deepEqual(
    [0, 1, 2, 3].map((step) => rateFactor('constant', step, 4, 10)),
    [0.25, 0.5, 0.75, 1],
  );
  assert.equal(rateFactor('constant', 9, 4, 10), 1);
  assert.equal(rateFactor('linear', 7, 4, 10), 0.5);
  assert.equal(rateFactor('cosine', 10, 4, 10), 0);
  assert.ok(Math.abs(rateFactor('cosine', 7, 4, 10) - 0.5) < 1e-12);
});
