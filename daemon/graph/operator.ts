import type { Attributes, Dim, Node, Operator, Product, Shape, Value } from './value.ts';

/** An operator is a name with rules attached: shape, gradient and, if ONNX lacks it, how it is lowered. */
export function defineOperator(type: string, rules: Omit<Operator, 'type'>): Operator {
  return { type, ...rules };
}

export function number(attributes: Attributes, name: string, fallback: number): number {
  const value = attributes[name];
  if (typeof value === 'number') return value;
  if (typeof value === 'object' && 'float' in value) return value.float;
  return fallback;
}

export function numbers(attributes: Attributes, name: string): readonly number[] {
  return shapeFrom(attributes, name) as readonly number[];
}

/** An attribute that is a shape; empty if there is none of that name. */
export function shapeFrom(attributes: Attributes, name: string): Shape {
  const value = attributes[name];
  return Array.isArray(value) ? (value as Shape) : [];
}

/** The work of a matrix product with inner size k: [..., m, n] outputs, each a sum of k products. */
export function productOf(node: Node, type: Product['type'], inner: Dim | undefined): Product {
  return { type, sizes: [...(node.outputs[0] as Value).shape, inner ?? 1] };
}
