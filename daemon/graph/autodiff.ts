import type { Graph } from './graph.ts';
import type { Node, Value } from './value.ts';

export interface Gradients {
  /** One gradient per value that was asked for, in the same order; undefined if the loss does not depend on the value. */
  readonly of: readonly (Value | undefined)[];
  /** For each segment, a gradient that exists before any of the segment's backward nodes can run. Rematerialisation waits for it. */
  readonly entry: ReadonlyMap<number, Value>;
}

/**
 * Reverse-mode differentiation: adds nodes to the graph that compute the gradient of a scalar loss for each of the values `wrt`.
 * It differentiates only the nodes between them and the loss. docs/autodiff.md explains it.
 */
export function gradients(g: Graph, loss: Value, wrt: readonly Value[]): Gradients {
  const forward = [...g.nodes];
  const depends = new Set<Value>(wrt);
  for (const node of forward) {
    // An integer (a size, an index) does not depend smoothly on anything, so no gradient flows through it.
    if (node.inputs.some((v) => v && depends.has(v)))
      for (const output of node.outputs) if (output.type === 'float32') depends.add(output);
  }
  const adjoint = new Map<Value, Value>([[loss, g.scalar(1)]]);
  const entry = new Map<number, Value>();
  const { segment, backward } = g;
  g.backward = true;
  for (const node of forward.reverse()) {
    const dys = node.outputs.map((y) => adjoint.get(y));
    if (dys.every((dy) => dy === undefined) || !node.inputs.some((v) => v && depends.has(v))) continue;
    if (node.segment !== undefined && !entry.has(node.segment))
      entry.set(node.segment, dys.find((dy) => dy !== undefined) as Value);
    g.segment = node.segment;
    differentiate(g, node, dys, depends, adjoint);
  }
  g.segment = segment;
  g.backward = backward;
  return { of: wrt.map((v) => adjoint.get(v)), entry };
}

function differentiate(
  g: Graph,
  node: Node,
  dys: readonly (Value | undefined)[],
  depends: ReadonlySet<Value>,
  adjoint: Map<Value, Value>,
): void {
  const { gradient, type } = node.operator;
  if (!gradient) throw new Error(`operator ${type} has no gradient`);
  const inputs = node.inputs.filter((v) => v !== undefined);
  const dxs = gradient(g, { inputs, outputs: node.outputs, gradients: dys, node });
  inputs.forEach((input, i) => {
    const dx = dxs[i];
    if (!dx || !depends.has(input)) return;
    const sum = adjoint.get(input);
    adjoint.set(input, sum ? g.add(sum, dx) : dx);
  });
}
