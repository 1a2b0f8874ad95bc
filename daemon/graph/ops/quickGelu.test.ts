import { computes, given } from '../../../test/gradient.ts';

const values = [-3, -0.5, 0, 0.5, 3];
for (const alpha of [1, 1.702]) {
  computes(
    `QuickGelu: alpha ${alpha}`,
    (g, { x }) => g.one('QuickGelu', [x], { alpha: { float: alpha } }),
    { x: given([5], values) },
    values.map((x) => x / (1 + Math.exp(-alpha * x))),
  );
}
