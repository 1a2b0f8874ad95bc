import { testBinary } from '../../../test/binary.ts';

testBinary('Mul', (g, a, b) => g.mul(a, b), [4, 10, 18]);
