import { computes, differentiates, floats, given } from '../../../test/gradient.ts';
import { rmsNorm } from './rmsNorm.ts';

const epsilon = { float: 1e-5 };
const rms = Math.sqrt((9 + 16) / 2 + 1e-5);
computes(
  'RmsNorm: divided by the root of the mean square',
  (g, { x, w }) => g.op(rmsNorm, [x, w], { epsilon }),
  { x: given([1, 2], [3, 4]), w: given([2], [1, 2]) },
  [3 / rms, 8 / rms],
);
computes(
  'RmsNorm: its second output is the inverse',
  (g, { x, w }) => g.outputsOf(rmsNorm, [x, w], { epsilon })[1]!,
  { x: given([1, 2], [3, 4]), w: given([2], [1, 2]) },
  [1 / rms],
  [1, 1],
);
computes(
  'RmsNorm: epsilon counts',
  (g, { x, w }) => g.op(rmsNorm, [x, w], { epsilon: { float: 1 } }),
  { x: given([1, 2], [0, 0.1]), w: given([2], [1, 1]) },
  [0, 0.1 / Math.sqrt(1.005)],
);
differentiates('RmsNorm: x and weight', (g, { x, w }) => g.op(rmsNorm, [x, w], { epsilon }), {
  x: floats([3, 4]),
  w: floats([4], { from: 0.5, to: 1.5 }),
});
differentiates('RmsNorm: a symbolic number of rows', (g, { x, w }) => g.op(rmsNorm, [x, w], { epsilon }), {
  x: floats([2, 4], { shape: ['tokens', 4] }),
  w: floats([4]),
});
differentiates('RmsNorm: the heads of each row alone', (g, { x, w }) => g.op(rmsNorm, [x, w], { epsilon }), {
  x: floats([2, 3, 4], { shape: ['tokens', 3, 4] }),
  w: floats([4], { from: 0.5, to: 1.5 }),
});
