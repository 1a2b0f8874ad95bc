import type { Graph } from '../graph.ts';
import { operator } from '../ops/registry.ts';
import { rewrite } from '../rewrite.ts';
import type { Node } from '../value.ts';

const unknownToOnnx = (node: Node): boolean =>
  operator(node.type).lower !== undefined ||
  Object.values(node.attributes).some(
    (value) => typeof value === 'object' && 'body' in value && value.body.nodes.some(unknownToOnnx),
  );

/** Replaces operators that ONNX lacks by ones it has, inside the bodies of loops too. */
export function lower(graph: Graph): Graph {
  let current = graph;
  while (current.nodes.some(unknownToOnnx)) {
    current = rewrite(current, (g, node) => operator(node.type).lower?.(g, node));
  }
  return current;
}
