import type { Graph } from '../graph.ts';
import { rewrite } from '../rewrite.ts';
import { bodiesOf, type Node, type Subgraph, type Value } from '../value.ts';

/** The values that a node reads: its inputs, and the outer values that the bodies of its loops use. */
export function reads(node: Node): Value[] {
  return [...node.inputs.filter((v) => v !== undefined), ...bodiesOf(node).flatMap(captures)];
}

function captures(body: Subgraph): Value[] {
  const own = new Set<Value>([...body.inputs, ...body.constants, ...body.nodes.flatMap((node) => node.outputs)]);
  return [...body.nodes.flatMap(reads), ...body.outputs].filter((v) => !own.has(v));
}

/** The graph without the nodes that no output needs. */
export function deadCode(graph: Graph): Graph {
  const live = new Set<Value>(graph.outputs.map(({ value }) => value));
  const dead = new Set<Value>();
  for (const node of [...graph.nodes].reverse()) {
    if (node.outputs.some((v) => live.has(v))) for (const v of reads(node)) live.add(v);
    else for (const v of node.outputs) dead.add(v);
  }
  const { inputs, outputs } = graph;
  const nodes = graph.nodes.filter((node) => !dead.has(node.outputs[0] as Value));
  return rewrite({ inputs, nodes, outputs }, () => undefined);
}
