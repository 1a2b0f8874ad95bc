import { testBinary } from '../../../test/binary.ts';

testBinary('Sub', (g, a, b) => g.sub(a, b), [-3, -3, -3]);
