import { settingError } from '../settings/setting.ts';
import { causalLm } from './causalLm.ts';
import type { Objective } from './objective.ts';

/** Every objective. To add one, write a file beside this one and add a line here. The first is the default. */
export const OBJECTIVES: readonly [Objective, ...Objective[]] = [causalLm];

/** The objective of that name; the default if none is given. Throws VeraError 'usage' if there is none. */
export function objectiveNamed(name: string = OBJECTIVES[0].name): Objective {
  const found = OBJECTIVES.find((one) => one.name === name);
  if (found) return found;
  const known = OBJECTIVES.map((one) => one.name).join(', ');
  throw settingError(`Objective ${JSON.stringify(name)} is unknown; the choices are ${known}`, 'objective');
}
