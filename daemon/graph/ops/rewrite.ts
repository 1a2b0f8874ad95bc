import { Graph } from './graph.ts';
import type { Node, Value } from './value.ts';

/** What a pass makes of one node: the outputs that stand for the node's own in the new graph, or undefined to copy it. */
export type Rule = (g: Graph, node: Node, map: (value: Value) => Value) => readonly Value[] | undefined;

/** A new graph with every node copied or replaced; equal nodes become one. Inputs and constants are shared with the old graph. */
export function rewrite(old: Graph, rule: Rule): Graph {
  const g = new Graph();
  const values = new Map<Value, Value>();
  const map = (value: Value): Value => {
    const known = values.get(value);
    if (known) return known;
    const { source } = value;
    if (!source) throw new Error(`value ${value.name} is used before it is computed`);
    let copy = value;
    if (source.kind === 'constant') copy = g.constant(source.data, value.shape);
    else if (source.kind === 'external') copy = g.external(source.key, value.type, value.shape);
    values.set(value, copy);
    return copy;
  };
  for (const input of old.inputs) g.inputs.push(input);
  for (const node of old.nodes) {
    g.segment = node.segment;
    g.backward = node.backward ?? false;
    const mapped: Node = { ...node, inputs: node.inputs.map((v) => v && map(v)) };
    const outputs = rule(g, mapped, map) ?? g.op(node.type, mapped.inputs, node.attributes);
    node.outputs.forEach((output, i) => values.set(output, outputs[i] as Value));
  }
  for (const { name, value } of old.outputs) g.output(name, map(value));
  return g;
}
