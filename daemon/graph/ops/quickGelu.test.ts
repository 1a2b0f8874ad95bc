import { computes, given } from '../../../test/gradient.ts';
import { quickGelu } from './quickGelu.ts';

const values = [-3, -0.5, 0, 0.5, 3];
for (const alpha of [1, 1.702]) {
  computes(
    `QuickGelu: alpha ${alpha}`,
    (g, { x }) => g.op(quickGelu, [x], { alpha: { float: alpha } }),
    { x: given([5], values) },
    values.map((x) => x / (1 + Math.exp(-alpha * x))),
  );
}
