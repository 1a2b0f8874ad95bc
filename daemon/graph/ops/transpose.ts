import { defineOperator, numbers } from '../operator.ts';
import type { Dim, Value } from '../value.ts';

/** The axes in another order (ONNX Transpose-13). Gradient: dy, transposed by the inverse permutation. */
export const transpose = defineOperator('Transpose', {
  shape: ([x], attributes) => [
    { type: (x as Value).type, shape: numbers(attributes, 'perm').map((axis) => (x as Value).shape[axis] as Dim) },
  ],
  gradient: (g, { gradients, node }) => {
    const perm = numbers(node.attributes, 'perm');
    return [
      g.transpose(
        gradients[0] as Value,
        perm.map((_, i) => perm.indexOf(i)),
      ),
    ];
  },
  cheap: true,
});
