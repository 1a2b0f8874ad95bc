import type { Graph } from '../graph.ts';
import { quantizedLinear } from '../ops/quantizedLinear.ts';
import { rewrite } from '../rewrite.ts';
import type { Node, Value } from '../value.ts';

const outOf = (node: Node): number => node.inputs[1]?.shape[1] as number;
const ofWeight = (node: Node): boolean =>
  node.operator === quantizedLinear && node.inputs[1]?.source?.kind === 'external';

/**
 * Joins int8 products of one input with several weights of the base (q, k and v; gate and up) into one product, whose result is split. Integer sums are
 * exact, so no bit changes. For graphs without a backward pass: the joined weights are made when the graph is loaded.
 */
export function joinProducts(graph: Graph): Graph {
  const groups = new Map<Value, Node[]>();
  for (const node of graph.nodes.filter(ofWeight)) {
    const [x] = node.inputs as [Value];
    groups.set(x, [...(groups.get(x) ?? []), node]);
  }
  const parts = new Map<Value, Value>();
  return rewrite(graph, (g, node, map) => {
    // The rule is given the new inputs and the old outputs.
    const [output] = node.outputs as [Value];
    const own = output.node && ofWeight(output.node) ? groups.get(output.node.inputs[0] as Value) : undefined;
    if (!own || own.length === 1) return undefined;
    if (!parts.has(output)) {
      const joined = (input: number, axis: number): Value =>
        g.concat(
          own.map(({ inputs }) => map(inputs[input] as Value)),
          axis,
        );
      const [weight, scale] = [joined(1, 1), joined(2, 0)];
      const y = g.op(quantizedLinear, [node.inputs[0], weight, scale, weight, scale]);
      g.split(y, own.map(outOf), 1).forEach((part, i) => parts.set(own[i]!.outputs[0] as Value, part));
    }
    return [parts.get(output) as Value];
  });
}
