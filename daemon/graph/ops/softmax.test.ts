import { computes, differentiates, floats, given } from '../../../test/gradient.ts';
import { softmax } from './softmax.ts';

const sum = Math.E + Math.E ** 2;
computes('Softmax: over the last axis', (g, { x }) => g.op(softmax, [x]), { x: given([2, 2], [1, 2, 0, 0]) }, [
  Math.E / sum,
  Math.E ** 2 / sum,
  0.5,
  0.5,
]);
computes(
  'Softmax: large scores and masked ones',
  (g, { x }) => g.op(softmax, [x]),
  { x: given([1, 3], [1000, 1000, -1e9]) },
  [0.5, 0.5, 0],
);
differentiates('Softmax: a matrix', (g, { x }) => g.op(softmax, [x]), { x: floats([3, 4], { from: -2, to: 2 }) });
differentiates('Softmax: four axes, symbolic', (g, { x }) => g.op(softmax, [x]), {
  x: floats([1, 2, 3, 3], { shape: ['batch', 2, 'length', 'length'] }),
});
