import type { MethodAdaptation } from '../daemon/methods/method.ts';
import type { Adaptation } from '../daemon/models/adaptation.ts';

/** The same adapter, with its update added to each weight as a merge does. */
export function merged(adaptation: MethodAdaptation): Adaptation {
  return {
    parameters: adaptation.parameters,
    linear(net, site, x) {
      const delta = adaptation.delta(net, site);
      return delta && net.g.linear(x, net.g.add(net.weight(`${site.path}.weight`), delta));
    },
  };
}
