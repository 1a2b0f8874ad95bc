import type { Graph } from '../graph.ts';
import { rewrite } from '../rewrite.ts';
import { bodiesOf, type Node } from '../value.ts';

const unknownToOnnx = (node: Node): boolean =>
  node.operator.lower !== undefined || bodiesOf(node).some(({ nodes }) => nodes.some(unknownToOnnx));

/** The graph with operators that ONNX has in place of those that it lacks, in the bodies of loops too. */
export function lower(graph: Graph): Graph {
  let current = graph;
  while (current.nodes.some(unknownToOnnx)) {
    current = rewrite(current, (g, node) => node.operator.lower?.(g, node));
  }
  return current;
}
