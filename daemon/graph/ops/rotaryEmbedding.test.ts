import { computes, differentiates, floats, given, int64 } from '../../../test/gradient.ts';
import { rotaryEmbedding } from './rotaryEmbedding.ts';

// Angles of two frequencies at four positions.
const angles = [0, 1, 2, 3].flatMap((p) => [p, p * 0.3]);
const table = (f: (angle: number) => number) => given([4, 2], angles.map(f));
const tables = { cos: table(Math.cos), sin: table(Math.sin), minus: table((a) => -Math.sin(a)) };
const x = [1, 2, 3, 4];
const at = (p: number) => {
  const [c0, s0, c1, s1] = [Math.cos(p), Math.sin(p), Math.cos(0.3 * p), Math.sin(0.3 * p)];
  return [x[0]! * c0 - x[2]! * s0, x[1]! * c1 - x[3]! * s1, x[2]! * c0 + x[0]! * s0, x[3]! * c1 + x[1]! * s1];
};
computes(
  'Rotary: the halves of a head turn by the angle of their position',
  (g, { x, positions, cos, sin, minus }) => g.op(rotaryEmbedding, [x, positions, cos, sin, minus]),
  { x: given([1, 1, 3, 4], [...x, ...x, ...x]), positions: int64([1, 3], [2, 0, 3]), ...tables },
  [at(2), at(0), at(3)].flat(),
);
differentiates(
  'Rotary: turned back',
  (g, { x, positions, cos, sin, minus }) => g.op(rotaryEmbedding, [x, positions, cos, sin, minus]),
  {
    x: floats([2, 2, 3, 4], { shape: ['batch', 2, 'length', 4] }),
    positions: int64([2, 3], [0, 1, 2, 0, 1, 3], ['batch', 'length']),
    ...tables,
  },
  { frozen: ['cos', 'sin', 'minus'] },
);
