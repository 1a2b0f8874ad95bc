import { computes, given } from '../../../test/gradient.ts';
import { abs } from './abs.ts';

const values = [-3, -0.5, 0, 2];
computes('Abs: its values', (g, { x }) => g.op(abs, [x]), { x: given([4], values) }, values.map(Math.abs));
