/**
 * What one training step needs, read from the graph that will run: arithmetic operations, bytes that pass through memory, and
 * the most memory that intermediate values occupy at once. The sizes follow from batch and length.
 */
import type { Graph } from '../graph/graph.ts';
import { reads } from '../graph/passes/deadCode.ts';
import { BYTES, type Dim, type Node, type Product, type Shape, type Value } from '../graph/value.ts';

/** A number for each type of product. */
export type Operations = Readonly<Record<Product['type'], number>>;

export interface Footprint {
  /** Multiplications and additions of matrix products, by the type of the numbers. */
  readonly operations: Operations;
  /** Bytes that all other nodes read and write. */
  readonly trafficBytes: number;
  /** The most bytes that computed values hold at one time. */
  readonly peakBytes: number;
  /** Bytes of weights read from files. */
  readonly weightBytes: number;
  /** Bytes of constants in the graph itself: VeRA's A and B among them. */
  readonly constantBytes: number;
}

/** sizes: what each symbolic dimension (tokens, batch, length, counted) is. */
export function footprint(graph: Graph, sizes: Readonly<Record<string, number>>): Footprint {
  const weights = new Map<string, number>();
  let constantBytes = 0;
  for (const value of graph.constants) {
    if (value.source?.kind === 'external') weights.set(value.source.key, bytesOf(value, sizes));
    else constantBytes += bytesOf(value, sizes);
  }
  const totals: Totals = { operations: {}, traffic: 0 };
  for (const node of graph.nodes) count(node, sizes, 1, totals);
  return {
    operations: totals.operations,
    trafficBytes: totals.traffic,
    peakBytes: peak(graph, sizes),
    weightBytes: [...weights.values()].reduce((sum, bytes) => sum + bytes, 0),
    constantBytes,
  };
}

interface Totals {
  readonly operations: Record<Product['type'], number>;
  traffic: number;
}

function count(node: Node, sizes: Readonly<Record<string, number>>, times: number, totals: Totals): void {
  const { product, readsLittle, repeats, view } = node.operator;
  if (repeats) {
    const { body, times: rounds } = repeats(node);
    for (const inner of body.nodes) count(inner, sizes, times * sizeOf(rounds, sizes), totals);
    return;
  }
  if (product) {
    const { type, sizes: factors } = product(node);
    totals.operations[type] = (totals.operations[type] ?? 0) + 2 * times * elementsOf(factors, sizes);
    return;
  }
  if (view) return;
  const inputs = readsLittle ? [] : node.inputs.filter((v) => v !== undefined);
  totals.traffic += times * [...inputs, ...node.outputs].reduce((sum, v) => sum + bytesOf(v, sizes), 0);
}

/** The part of a graph that decides how much memory it needs. */
interface Steps {
  readonly nodes: readonly Node[];
  readonly outputs: readonly { readonly value: Value }[];
}

/** The most bytes alive at once when nodes run in order and a value is freed after its last reader. */
function peak(graph: Steps, sizes: Readonly<Record<string, number>>): number {
  const owner = new Map<Value, Value>();
  const ownerOf = (value: Value): Value => owner.get(value) ?? value;
  const lastReader = new Map<Value, number>();
  graph.nodes.forEach((node, i) => {
    const [source] = node.inputs;
    if (node.operator.view && source) owner.set(node.outputs[0] as Value, ownerOf(source));
    for (const value of reads(node)) lastReader.set(ownerOf(value), i);
  });
  for (const { value } of graph.outputs) lastReader.set(ownerOf(value), graph.nodes.length);
  const alive = new Set<Value>(); // the body of a loop also reads outer values, which are counted outside
  let bytes = 0;
  let most = 0;
  graph.nodes.forEach((node, i) => {
    const made = node.outputs.filter((value) => !owner.has(value));
    for (const value of made) {
      alive.add(value);
      bytes += bytesOf(value, sizes);
    }
    most = Math.max(most, bytes + inside(node, sizes));
    for (const value of [...reads(node), ...made].map(ownerOf)) {
      if ((lastReader.get(value) ?? i) <= i && alive.delete(value)) bytes -= bytesOf(value, sizes);
    }
  });
  return most;
}

/** The most bytes that one round of a loop's body holds at once. */
function inside(node: Node, sizes: Readonly<Record<string, number>>): number {
  const body = node.operator.repeats?.(node).body;
  if (!body) return 0;
  return peak({ nodes: body.nodes, outputs: body.outputs.map((value) => ({ value })) }, sizes);
}

const bytesOf = (value: Value, sizes: Readonly<Record<string, number>>): number =>
  BYTES[value.type] * elementsOf(value.shape, sizes);

const elementsOf = (shape: Shape, sizes: Readonly<Record<string, number>>): number =>
  shape.reduce<number>((product, dim) => product * sizeOf(dim, sizes), 1);

/** A dimension as operators write it: a name, a multiple (`3*length`), or a sum of those (`counted+1`). */
function sizeOf(dim: Dim, sizes: Readonly<Record<string, number>>): number {
  if (typeof dim === 'number') return dim;
  return dim.split('+').reduce((sum, term) => {
    const factors = term.split('*').map((factor) => sizes[factor] ?? Number(factor));
    const product = factors.reduce((a, b) => a * b, 1);
    if (!Number.isFinite(product)) throw new Error(`dimension ${dim} is unknown`);
    return sum + product;
  }, 0);
}
