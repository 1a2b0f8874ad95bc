import { defineOperator, numbers } from '../operator.ts';
import type { Value } from '../value.ts';
import { elements } from '../value.ts';
import { expandBack, reducedShape } from './reduce.ts';

/** Mean over axes of known size (ONNX ReduceMean-18). Gradient: dy / n, repeated along the averaged axes. */
export const reduceMean = defineOperator('ReduceMean', {
  shape: reducedShape,
  gradient: (g, args) => {
    const [x] = args.inputs as [Value];
    const count = elements(numbers(args.node.attributes, '$axes').map((axis) => x.shape[axis] ?? 1));
    return [g.mul(expandBack(g, args), g.scalar(1 / count)), undefined];
  },
  cheap: true,
});
