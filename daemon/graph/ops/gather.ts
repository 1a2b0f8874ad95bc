import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';
import { scatterElements } from './scatterElements.ts';

/**
 * Rows of a table (ONNX Gather-13, axis 0). table: [n, ...], indices: [m] -> [m, ...].
 * Gradient: ScatterElements adds each row of dy at its index. It adds in a fixed order, so the bits are the same each time.
 */
export const gather = defineOperator('Gather', {
  shape: (inputs) => {
    const [table, indices] = inputs as [Value, Value];
    if (indices.shape.length !== 1) throw new Error(`Gather: indices [${indices.shape.join(', ')}] are not a vector`);
    return [{ type: table.type, shape: [...indices.shape, ...table.shape.slice(1)] }];
  },
  gradient: (g, { inputs, gradients }) => {
    const [table, indices] = inputs as [Value, Value];
    const dy = gradients[0] as Value;
    const rows = g.reshape(indices, [...indices.shape, ...table.shape.slice(1).map(() => 1)]);
    const spread = g.expand(rows, dy.shape);
    const zeros = g.expand(g.scalar(0), table.shape);
    return [g.op(scatterElements, [zeros, spread, dy], { axis: 0, reduction: 'add' }), undefined];
  },
  cheap: true,
  readsLittle: true,
});
