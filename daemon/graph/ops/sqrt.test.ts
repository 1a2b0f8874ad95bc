import { computes, differentiates, floats, given } from '../../../test/gradient.ts';
import { sqrt } from './sqrt.ts';

const values = [0.25, 1, 2.5, 9];
computes('Sqrt: its values', (g, { x }) => g.op(sqrt, [x]), { x: given([4], values) }, values.map(Math.sqrt));
differentiates('Sqrt: a matrix', (g, { x }) => g.op(sqrt, [x]), { x: floats([2, 5], { from: 0.5, to: 3 }) });
