import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';

/** x * sigmoid(alpha x) (com.microsoft QuickGelu). Only lowering writes it, so it has no gradient. */
export const quickGelu = defineOperator('QuickGelu', {
  domain: 'com.microsoft',
  shape: ([x]) => [x as Value],
  cheap: true,
});
