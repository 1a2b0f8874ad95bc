import { defineOperator, number } from '../operator.ts';
import type { Value } from '../value.ts';

/** Sizes of the axes from start to end (ONNX Shape-15). -> int64 [end - start]. */
export const shape = defineOperator('Shape', {
  shape: ([x], attributes) => {
    const rank = (x as Value).shape.length;
    return [{ type: 'int64', shape: [number(attributes, 'end', rank) - number(attributes, 'start', 0)] }];
  },
  gradient: () => [undefined],
  cheap: true,
  readsLittle: true,
});
