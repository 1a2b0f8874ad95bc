import { testBinary } from '../../../test/binary.ts';

testBinary('Div', (g, a, b) => g.div(a, b), [0.25, 0.4, 0.5]);
