import { computes, differentiates, floats, given, int64 } from '../../../test/gradient.ts';
import { selectRows } from './selectRows.ts';

// Rows 3 and 1 of four. The inverse of a row that is not selected is the number of selected rows.
const indices = int64([2], [3, 1], ['m']);
const inverse = int64([4], [2, 1, 2, 0], ['n']);
computes(
  'SelectRows: rows in the order asked',
  (g, { x }) => g.op(selectRows, [x, g.indices(3, 1), g.indices(2, 1, 2, 0)]),
  { x: given([4, 1], [10, 11, 12, 13]) },
  [13, 11],
  [2, 1],
);
differentiates(
  'SelectRows: a gather both ways',
  (g, { x, indices, inverse }) => g.op(selectRows, [x, indices, inverse]),
  { x: floats([4, 3], { shape: ['n', 3] }), indices, inverse },
);
