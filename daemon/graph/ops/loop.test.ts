import { computes, given } from '../../../test/gradient.ts';
import { Graph } from '../graph.ts';
import type { Subgraph, Value } from '../value.ts';

/** Each round adds the outer value to the carried one, and gives the carried one doubled. */
function body(step: Value): Subgraph {
  const g = new Graph('inside_');
  const [, go, sum] = [
    g.input('inside_round', 'int64', []),
    g.input('inside_go', 'bool', []),
    g.input('inside_sum', 'float32', [2]),
  ] as const;
  const next = g.add(sum, step);
  return {
    inputs: g.inputs,
    outputs: [g.one('Identity', [go]), next, g.add(next, next)],
    nodes: g.nodes,
    constants: g.constants,
  };
}
const loop = (g: Graph, start: Value, step: Value): Value[] =>
  g.op('Loop', [g.constant(BigInt64Array.of(3n), []), undefined, start], {
    body: { body: body(step) },
    $rounds: 'rounds',
  });
const inputs = { start: given([2], [0, 10]), step: given([2], [1, 2]) };

computes('Loop: what is carried', (g, { start, step }) => loop(g, start!, step!)[0]!, inputs, [3, 16], [2]);
computes(
  'Loop: what each round gave',
  (g, { start, step }) => loop(g, start!, step!)[1]!,
  inputs,
  [2, 24, 4, 28, 6, 32],
  [3, 2],
);
