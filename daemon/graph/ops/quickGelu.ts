import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';

/** x * sigmoid(alpha x) (com.microsoft QuickGelu). Written only by lowering, so it has no gradient of its own. */
export const quickGelu = defineOperator('QuickGelu', {
  domain: 'com.microsoft',
  shape: ([x]) => [x as Value],
  cheap: true,
});
