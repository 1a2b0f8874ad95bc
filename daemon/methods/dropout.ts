import { greaterOrEqual } from '../graph/ops/greaterOrEqual.ts';
import { where } from '../graph/ops/where.ts';
import type { Value } from '../graph/value.ts';
import type { Layers } from '../models/adaptation.ts';

/** Odd 64-bit numbers from splitmix64. The text is the seed: the same text gives the same numbers. */
function oddNumbers(text: string, count: number): BigInt64Array {
  let state = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text))
    state = BigInt.asUintN(64, (state ^ BigInt(byte)) * 0x100000001b3n);
  return BigInt64Array.from({ length: count }, () => {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let z = state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return BigInt.asIntN(64, (z ^ (z >> 31n)) | 1n);
  });
}

/**
 * Sets each element to zero with the given probability and scales the others up, in training only. x: [n, d].
 * The high bits of a product of two odd 64-bit numbers decide whether the element at (row, column) is dropped. One number
 * belongs to the row of the step (`noise`, made from the run's seed), the other to the column of the layer. So the same step
 * drops the same elements each time.
 */
export function dropout(net: Layers, path: string, x: Value, probability: number): Value {
  const { noise } = net.options;
  if (!noise || probability === 0) return x;
  const { g } = net;
  const width = x.shape[1] as number;
  const hash = g.mul(g.reshape(noise, ['tokens', 1]), g.constant(oddNumbers(path, width), [1, width]));
  const threshold = BigInt.asIntN(64, BigInt(Math.round(probability * 2 ** 53)) * 2048n - 2n ** 63n);
  const kept = g.op(greaterOrEqual, [hash, g.constant(BigInt64Array.of(threshold), [])]);
  return g.op(where, [kept, g.mul(x, g.scalar(1 / (1 - probability))), g.scalar(0)]);
}
