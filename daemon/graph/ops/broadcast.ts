import { defineOperator } from '../operator.ts';
import type { Builder, Dim, Shape, Value } from '../value.ts';
import { sameShape } from '../value.ts';

/** The shape that two shapes broadcast to (ONNX multidirectional broadcasting). Throws if they do not fit. */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i): Dim => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    throw new Error(`shapes [${a.join(', ')}] and [${b.join(', ')}] do not broadcast`);
  });
}

/** The gradient for an input of the given shape that was broadcast: dy, summed over the axes along which it was repeated. */
export function unbroadcast(g: Builder, dy: Value, shape: Shape): Value {
  if (sameShape(dy.shape, shape)) return dy;
  const lead = dy.shape.length - shape.length;
  const axes = dy.shape.flatMap((dim, i) => (i < lead || (shape[i - lead] === 1 && dim !== 1) ? [i] : []));
  return g.reshape(g.reduceSum(dy, axes), shape);
}

/** The gradient for one input of a binary operator, in the shape of its output. */
type Slope = (g: Builder, dy: Value, a: Value, b: Value) => Value;

/** An element-wise operator of two inputs that broadcast. */
export const binary = (name: string, ofA: Slope, ofB: Slope) =>
  defineOperator(name, {
    shape: (inputs) => {
      const [a, b] = inputs as [Value, Value];
      return [{ type: a.type, shape: broadcast(a.shape, b.shape) }];
    },
    gradient: (g, { inputs, gradients }) => {
      const [a, b] = inputs as [Value, Value];
      const dy = gradients[0] as Value;
      return [unbroadcast(g, ofA(g, dy, a, b), a.shape), unbroadcast(g, ofB(g, dy, a, b), b.shape)];
    },
    cheap: true,
  });
