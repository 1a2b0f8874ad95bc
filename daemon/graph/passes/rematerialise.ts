import type { Graph } from '../graph.ts';
import { reshape } from '../ops/reshape.ts';
import { rewrite } from '../rewrite.ts';
import { isStatic, type Node, type Value } from '../value.ts';

/**
 * A graph in which the backward pass computes cheap values of the forward pass again, segment by segment, so that they do not
 * stay in memory in between. The copies wait for the gradient that enters their segment (`entry`, from `gradients`). Without
 * that wait they could run at once and would save nothing.
 */
export function rematerialise(
  graph: Graph,
  entry: ReadonlyMap<number, Value>,
  cheap: (node: Node) => boolean = ({ operator }) => operator.cheap ?? false,
): Graph {
  const again = new Map<Value, Value>();
  return rewrite(graph, (g, node, map) => {
    const { segment } = node;
    const gate = segment === undefined ? undefined : entry.get(segment);
    if (!node.backward || !gate) return undefined;

    /** Returns the copy of a value of the forward pass, and any other value as it is. */
    const recompute = (value: Value): Value => {
      const made = value.node;
      // Constants, parameters and values from outside the segment stay in memory anyway. One number per row costs little.
      if (!made || made.backward || made.segment !== segment || value.shape.at(-1) === 1) return value;
      if (!again.has(value)) {
        if (cheap(made)) copy(made);
        else again.set(value, wait(g, value, map(gate)));
      }
      return again.get(value) ?? value;
    };
    const copy = (made: Node): void => {
      const inputs = made.inputs.map((v) => v && recompute(v));
      const first = inputs.findIndex((v) => v && !isStatic(v.shape));
      // With unchanged inputs the builder would return the existing node. So one of the inputs waits.
      if (first >= 0 && inputs.every((v, i) => v === made.inputs[i]))
        inputs[first] = wait(g, inputs[first] as Value, map(gate));
      const outputs = g.outputsOf(made.operator, inputs, made.attributes);
      made.outputs.forEach((output, i) => again.set(output, outputs[i] as Value));
    };
    return g.outputsOf(
      node.operator,
      node.inputs.map((v) => v && recompute(v)),
      node.attributes,
    );
  });
}

/**
 * The same value, but it does not exist before the gate does: a Reshape to its own shape plus a zero that is computed from the
 * gate's shape. It moves no data.
 */
function wait(g: Graph, value: Value, gate: Value): Value {
  if (isStatic(value.shape)) return value;
  const symbolic = gate.shape.findIndex((dim) => typeof dim === 'string');
  const name = gate.shape[symbolic] as string;
  const zero = g.sub(g.sizes(gate, symbolic, symbolic + 1), g.dimension(name));
  return g.op(reshape, [value, g.add(g.sizes(value), zero)], { $to: value.shape });
}
