import { computes, differentiates, floats, given } from '../../../test/gradient.ts';
import { cast } from './cast.ts';

const x = given([2, 3, 1], [1, 2, 3, 4, 5, 6], ['rows', 3, 1]);
computes('Shape: all sizes', (g, { x }) => g.sizes(x!), { x }, [2, 3, 1]);
computes('Shape: some sizes', (g, { x }) => g.sizes(x!, 0, 2), { x }, [2, 3]);
differentiates(
  'Shape: it passes on no gradient',
  (g, { x }) => g.mul(x!, g.reshape(g.op(cast, [g.sizes(x!, 0, 1)], { to: 1 }), [])),
  { x: floats([3, 2], { shape: ['rows', 2] }) },
);
