import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { VeraError } from '../protocol/errors.ts';
import { projection } from './projection.ts';

interface Matrix {
  shape: number[];
  sha256: string;
  bits: Record<string, number>;
}
interface Case {
  key: number;
  rank: number;
  maxIn: number;
  maxOut: number;
  a: Matrix;
  b: Matrix;
}

const fixture = new URL('../../test/fixtures/projection/projection.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(fixture, 'utf8')) as { cases: Case[] };

function same(actual: Float32Array, expected: Matrix): void {
  assert.equal(actual.length, expected.shape[0]! * expected.shape[1]!);
  const bits = new Uint32Array(actual.buffer, actual.byteOffset, actual.length);
  assert.deepEqual(Object.fromEntries(Object.keys(expected.bits).map((i) => [i, bits[Number(i)]])), expected.bits);
  const bytes = new Uint8Array(actual.buffer, actual.byteOffset, actual.byteLength);
  assert.equal(createHash('sha256').update(bytes).digest('hex'), expected.sha256);
}

for (const { key, rank, maxIn, maxOut, a, b } of cases) {
  test(`key ${key}, rank ${rank}, ${maxIn} inputs, ${maxOut} outputs: the bits of PEFT`, () => {
    const made = projection(key, rank, maxIn, maxOut);
    same(made.a, a);
    same(made.b, b);
  });
}

test('every value lies within the Kaiming bound, and another key gives another matrix', () => {
  const size = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(fc.maxSafeInteger(), size, size, size, (key, rank, maxIn, maxOut) => {
      const { a, b } = projection(key, rank, maxIn, maxOut);
      assert.ok(a.every((v) => Math.abs(v) <= Math.fround(Math.sqrt(6 / maxIn)) * (1 + 1e-7)));
      assert.ok(b.every((v) => Math.abs(v) <= Math.fround(Math.sqrt(6 / rank)) * (1 + 1e-7)));
      const other = key === 0 ? 1 : key - Math.sign(key);
      assert.notDeepEqual(projection(other, 8, 8, 8).a, projection(key, 8, 8, 8).a);
    }),
  );
});

test('numbers that are no key or size are refused with their name', () => {
  const refused = (args: [number, number, number, number], says: RegExp): void => {
    assert.throws(
      () => projection(...args),
      (error: unknown) => error instanceof VeraError && error.code === 'usage' && says.test(error.message),
    );
  };
  refused([0.5, 1, 1, 1], /key must be an integer, not 0\.5/);
  refused([2 ** 53, 1, 1, 1], /key/);
  refused([Number.NaN, 1, 1, 1], /key/);
  refused([0, 0, 1, 1], /rank/);
  refused([0, 1, -3, 1], /input size/);
  refused([0, 1, 1, Infinity], /output size/);
  refused([0, 2 ** 20, 2 ** 20, 1], /too large/);
});
