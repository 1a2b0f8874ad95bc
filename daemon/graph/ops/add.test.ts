import { testBinary } from '../../../test/binary.ts';

testBinary('Add', (g, a, b) => g.add(a, b), [5, 7, 9]);
