import { computes, differentiates, evaluate, floats, given } from '../../../test/gradient.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Graph } from '../graph.ts';
import type { Value } from '../value.ts';
import { attention } from './attention.ts';

const [kvHeads, group, length, d] = [2, 2, 3, 4];
const scale = { float: 0.5 };
const attend = (g: Graph, { q, k, v, mask }: Record<string, Value>): Value =>
  g.op(attention, [q, k, v, mask], { heads: kvHeads * group, scale });
const causal = given([1, 1, length, length], [0, -1e9, -1e9, 0, 0, -1e9, 0, 0, 0], ['batch', 1, 'length', 'length']);
const random = {
  q: floats([1, kvHeads, group * length, d], { shape: ['batch', kvHeads, `${group}*length`, d] }),
  k: floats([1, kvHeads, length, d], { shape: ['batch', kvHeads, 'length', d] }),
  v: floats([1, kvHeads, length, d], { shape: ['batch', kvHeads, 'length', d] }),
  mask: causal,
};

// Scores 0.5 * (1, 2): the second key has e^0.5 times the first one's weight.
const share = 1 / (1 + Math.exp(0.5));
computes(
  'GroupedAttention: values weighted by the softmax of scaled scores',
  (g, { q, k, v, mask }) => g.op(attention, [q, k, v, mask], { heads: 1, scale }),
  {
    q: given([1, 1, 2, 1], [1, 0]),
    k: given([1, 1, 2, 1], [1, 2]),
    v: given([1, 1, 2, 1], [10, 20]),
    mask: given([1, 1, 2, 2], [0, 0, 0, -1e9]),
  },
  [10 * share + 20 * (1 - share), 10],
);
differentiates('GroupedAttention: queries, keys and values under a causal mask', attend, random, { frozen: ['mask'] });

test('GroupedAttention: masked positions have no effect', async () => {
  const changed = {
    ...random,
    v: { ...random.v, data: (random.v.data as Float32Array).map((x, i) => ((i / d) % length >= length - 1 ? 99 : x)) },
  };
  const [one, other] = [await evaluate(attend, random), await evaluate(attend, changed)];
  const last = (i: number): boolean => Math.floor(i / d) % length === length - 1;
  one[0]!.values.forEach((value, i) => assert.equal(value === other[0]!.values[i], !last(i), `element ${i}`));
});
