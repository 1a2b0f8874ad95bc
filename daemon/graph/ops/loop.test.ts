import { computes, given } from '../../../test/gradient.ts';
import type { Graph } from '../graph.ts';
import type { Value } from '../value.ts';
import { identity } from './identity.ts';
import { loop } from './loop.ts';

/** Each round adds an outer value to the carried one, and returns the carried one doubled. */
const rounds = (g: Graph, start: Value, step: Value): readonly Value[] => {
  const body = g.body(
    [
      { type: 'int64', shape: [] },
      { type: 'bool', shape: [] },
      { type: 'float32', shape: [2] },
    ],
    (inner, [, go, sum]) => {
      const next = inner.add(sum!, step);
      return [inner.op(identity, [go]), next, inner.add(next, next)];
    },
  );
  return g.outputsOf(loop, [g.constant(BigInt64Array.of(3n), []), undefined, start], {
    body: { body },
    $rounds: 'rounds',
  });
};
const inputs = { start: given([2], [0, 10]), step: given([2], [1, 2]) };

computes('Loop: the carried value', (g, { start, step }) => rounds(g, start!, step!)[0]!, inputs, [3, 16], [2]);
computes(
  'Loop: the results of all rounds',
  (g, { start, step }) => rounds(g, start!, step!)[1]!,
  inputs,
  [2, 24, 4, 28, 6, 32],
  [3, 2],
);
