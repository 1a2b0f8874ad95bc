import { defineOperator, number } from '../operator.ts';
import type { Dim, Value } from '../value.ts';

/** Joins values along an axis (ONNX Concat-13). Gradient: dy, split into parts of the inputs' sizes. */
export const concat = defineOperator('Concat', {
  shape: (inputs, attributes) => {
    const axis = number(attributes, 'axis', 0);
    const [first] = inputs as [Value];
    const sizes = inputs.map((x) => x.shape[axis] as Dim);
    const symbolic = sizes.filter((size) => typeof size === 'string');
    const known = sizes.reduce<number>((sum, size) => sum + (typeof size === 'number' ? size : 0), 0);
    const total: Dim = symbolic.length === 0 ? known : [...symbolic, ...(known ? [known] : [])].join('+');
    return [{ type: first.type, shape: first.shape.map((dim, i) => (i === axis ? total : dim)) }];
  },
  gradient: (g, { inputs, gradients, node }) => {
    const axis = number(node.attributes, 'axis', 0);
    const sizes = inputs.map((x) => x.shape[axis] as number);
    return g.split(gradients[0] as Value, sizes, axis);
  },
});
