import { operator } from '../ops/registry.ts';
import type { Graph } from '../graph.ts';
import type { Node, Value } from '../value.ts';
import { isStatic } from '../value.ts';

/**
 * Computes cheap values of the forward pass again in the backward pass instead of keeping them, segment by segment.
 * What is recomputed waits for the gradient that enters its segment (`entry`); otherwise it could run at once, and save
 * nothing. The wait is a Reshape to the value's own shape plus a zero that comes from that gradient's shape: no data moves.
 */
export function rematerialise(
  g: Graph,
  entry: ReadonlyMap<number, Value>,
  cheap: (node: Node) => boolean = (node) => operator(node.type).cheap ?? false,
): void {
  const again = new Map<Value, Value>();
  const added: Node[] = [];
  const all = [...g.nodes];
  const make = (action: () => Value): Value => {
    const before = g.nodes.length;
    const value = action();
    added.push(...g.nodes.splice(before));
    return value;
  };
  const recompute = (value: Value, segment: number): Value => {
    const { node } = value;
    // Constants, parameters and what lies outside the segment are there anyway; one number a row costs nothing to keep.
    if (!node || node.backward || node.segment !== segment || value.shape.at(-1) === 1) return value;
    const known = again.get(value);
    if (known) return known;
    const gate = entry.get(segment);
    if (!gate) return value;
    const copy = cheap(node) ? copyNode(node, segment) : make(() => wait(g, value, gate));
    if (cheap(node)) return again.get(value) ?? value;
    again.set(value, copy as Value);
    return copy as Value;
  };
  const copyNode = (node: Node, segment: number): undefined => {
    const inputs = node.inputs.map((v) => v && recompute(v, segment));
    const first = inputs.findIndex((v) => v && !isStatic(v.shape));
    const gate = entry.get(segment);
    // A node that reads only what comes from outside its segment would be found again instead of copied.
    if (gate && first >= 0 && inputs.every((v, i) => v === node.inputs[i]))
      inputs[first] = make(() => wait(g, inputs[first] as Value, gate));
    const before = g.nodes.length;
    const outputs = g.op(node.type, inputs, node.attributes);
    added.push(...g.nodes.splice(before));
    node.outputs.forEach((output, i) => again.set(output, outputs[i] as Value));
    return undefined;
  };
  g.backward = true;
  const order: Node[] = [];
  for (const node of all) {
    if (node.backward && node.segment !== undefined) {
      g.segment = node.segment;
      const { segment } = node;
      const inputs = node.inputs.map((v) => v && recompute(v, segment));
      (node as { inputs: Node['inputs'] }).inputs = inputs;
      order.push(...added.splice(0));
    }
    order.push(node);
  }
  g.backward = false;
  g.segment = undefined;
  g.nodes.splice(0, g.nodes.length, ...order);
}

/** The value itself, available only once the gate is. */
function wait(g: Graph, value: Value, gate: Value): Value {
  if (isStatic(value.shape)) return value;
  const symbolic = gate.shape.findIndex((dim) => typeof dim === 'string');
  const name = gate.shape[symbolic] as string;
  const zero = g.sub(g.one('Shape', [gate], { start: symbolic, end: symbolic + 1 }), g.dimension(name));
  return g.one('Reshape', [value, g.add(g.one('Shape', [value]), zero)], { $to: JSON.stringify(value.shape) });
}
