import { computes, given } from '../../../test/gradient.ts';
import { headAttention } from './headAttention.ts';

const e = Math.E;
computes(
  'Attention: two query heads share one head of keys, and what the mask hides has no weight',
  (g, { q, k, v, mask }) =>
    g.op(headAttention, [q, k, v, mask], { q_num_heads: 2, kv_num_heads: 1, scale: { float: 1 } }),
  {
    q: given([1, 2, 2], [1, 0, 1, 0]),
    k: given([1, 2, 1], [1, 0]),
    v: given([1, 2, 1], [3, 5]),
    mask: given([1, 1, 2, 2], [0, 0, 0, -1e9]),
  },
  [(3 * e + 5) / (e + 1), 4, 3, 3],
  [1, 2, 2],
);
