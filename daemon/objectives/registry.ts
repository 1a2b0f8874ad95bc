import { causalLm } from './causalLm.ts';
import type { Objective } from './objective.ts';

/** Every objective. To add one, write a file beside this one and add a line here. The first is the default. */
export const OBJECTIVES: readonly [Objective, ...Objective[]] = [causalLm];
