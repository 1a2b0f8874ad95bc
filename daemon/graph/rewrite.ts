import { Graph } from './graph.ts';
import type { Attribute, Node, Subgraph, Value } from './value.ts';

/** What a pass makes of one node: the outputs that stand for the node's own in the new graph, or undefined to copy it. */
export type Rule = (g: Graph, node: Node) => readonly Value[] | undefined;
type Lookup = (value: Value) => Value;

let copies = 0;

/** A new graph with every node copied or replaced, those in the bodies of loops too; equal nodes become one. */
export function rewrite(old: Pick<Graph, 'inputs' | 'nodes' | 'outputs'>, rule: Rule): Graph {
  const g = new Graph();
  for (const input of old.inputs) g.inputs.push(input);
  const map = copyNodes(old.nodes, g, rule, undefined);
  for (const { name, value } of old.outputs) g.output(name, map(value));
  return g;
}

/** Copies nodes into g by the rule; values from outside are looked up in `outer`. Returns where each value went. */
function copyNodes(nodes: readonly Node[], g: Graph, rule: Rule, outer: Lookup | undefined): Lookup {
  const values = new Map<Value, Value>();
  const map: Lookup = (value) => {
    const known = values.get(value);
    if (known) return known;
    let copy = value;
    if (value.source?.kind === 'constant') copy = g.constant(value.source.data, value.shape);
    else if (value.source?.kind === 'external')
      copy = outer ? outer(value) : g.external(value.source.key, value.type, value.shape);
    else if (outer) copy = outer(value);
    else if (!value.source)
      throw new Error(`value ${value.name} of ${value.node?.type ?? ''} is used before it is computed`);
    values.set(value, copy);
    return copy;
  };
  for (const node of nodes) {
    g.segment = node.segment;
    g.backward = node.backward ?? false;
    const mapped: Node = { ...node, inputs: node.inputs.map((v) => v && map(v)) };
    const outputs = rule(g, mapped) ?? g.op(node.type, mapped.inputs, copyBodies(node.attributes, rule, map));
    node.outputs.forEach((output, i) => values.set(output, outputs[i] as Value));
  }
  return map;
}

function copyBodies(attributes: Node['attributes'], rule: Rule, map: Lookup): Node['attributes'] {
  const entries = Object.entries(attributes).map(([name, value]): [string, Attribute] =>
    typeof value === 'object' && 'body' in value ? [name, { body: copyBody(value.body, rule, map) }] : [name, value],
  );
  return Object.fromEntries(entries);
}

function copyBody(body: Subgraph, rule: Rule, outer: Lookup): Subgraph {
  const g = new Graph(`body${String(++copies)}_`);
  const own = new Set(body.inputs);
  for (const input of body.inputs) g.inputs.push(input);
  const map = copyNodes(body.nodes, g, rule, (value) => (own.has(value) ? value : outer(value)));
  const outputs = body.outputs.map(map);
  return { inputs: body.inputs, outputs, nodes: g.nodes, constants: g.constants };
}
