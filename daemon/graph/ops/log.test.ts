import { computes, differentiates, floats, given } from '../../../test/gradient.ts';
import { log } from './log.ts';

const values = [0.25, 1, 2.5, 9];
computes('Log: its values', (g, { x }) => g.op(log, [x]), { x: given([4], values) }, values.map(Math.log));
differentiates('Log: a matrix', (g, { x }) => g.op(log, [x]), { x: floats([2, 5], { from: 0.5, to: 3 }) });
