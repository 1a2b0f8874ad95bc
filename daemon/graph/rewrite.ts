import { Graph } from './graph.ts';
import type { Attribute, Attributes, Node, Subgraph, Value } from './value.ts';

/** Finds the value of the new graph that replaces a value of the old one. */
export type Lookup = (value: Value) => Value;

/**
 * What a pass makes of one node: the outputs that replace the node's own, or undefined to copy it. `node` has the new
 * graph's values as inputs and its own old ones as outputs.
 */
export type Rule = (g: Graph, node: Node, map: Lookup) => readonly Value[] | undefined;

/** A new graph in which every node is copied or replaced, those in the bodies of loops too. Equal nodes become one. */
export function rewrite(old: Pick<Graph, 'inputs' | 'nodes' | 'outputs'>, rule: Rule): Graph {
  const g = new Graph();
  for (const input of old.inputs) g.inputs.push(input);
  const map = copyNodes(old.nodes, g, rule, undefined);
  for (const { name, value } of old.outputs) g.output(name, map(value));
  return g;
}

/** Copies nodes into g by the rule and returns where each value went. `outer` finds the values that are not the nodes' own. */
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
      throw new Error(`value ${value.name} of ${value.node?.operator.type ?? ''} is used before it is computed`);
    values.set(value, copy);
    return copy;
  };
  for (const node of nodes) {
    g.segment = node.segment;
    g.backward = node.backward ?? false;
    const mapped: Node = { ...node, inputs: node.inputs.map((v) => v && map(v)) };
    const outputs =
      rule(g, mapped, map) ?? g.outputsOf(node.operator, mapped.inputs, copyBodies(g, node.attributes, rule, map));
    node.outputs.forEach((output, i) => values.set(output, outputs[i] as Value));
  }
  g.segment = undefined;
  g.backward = false;
  return map;
}

function copyBodies(g: Graph, attributes: Attributes, rule: Rule, map: Lookup): Attributes {
  const entries = Object.entries(attributes).map(([name, value]): [string, Attribute] =>
    typeof value === 'object' && 'body' in value ? [name, { body: copyBody(g, value.body, rule, map) }] : [name, value],
  );
  return Object.fromEntries(entries);
}

function copyBody(g: Graph, body: Subgraph, rule: Rule, outer: Lookup): Subgraph {
  return g.body(body.inputs, (inner, inputs) => {
    const own = new Map(body.inputs.map((input, i) => [input, inputs[i] as Value]));
    const map = copyNodes(body.nodes, inner, rule, (value) => own.get(value) ?? outer(value));
    return body.outputs.map(map);
  });
}
