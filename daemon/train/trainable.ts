import { layoutOf, pack } from '../layout.ts';
import type { RateGroup } from '../methods/method.ts';
import { methodNamed } from '../methods/registry.ts';
import type { Adaptation } from '../models/adaptation.ts';
import type { Group } from './optimizer.ts';
import type { OptimizerSettings } from './optimizerSettings.ts';
import type { MethodSettings } from './settings.ts';

/** Length of the flat trainable vector. */
export const thetaSize = (adaptation: Adaptation): number => layoutOf(adaptation.parameters).size;

/** The first value of the flat trainable vector. */
export const initialTheta = (adaptation: Adaptation): Float32Array =>
  pack(layoutOf(adaptation.parameters), ({ initial }) => initial());

/** The method says which groups of parameters have a setting for their learning rate. */
type RateSettings = Pick<OptimizerSettings, 'lr' | 'weightDecay'> & MethodSettings;

/** The learning rate of a group of parameters: its own where one is given. */
function rateOf(group: string, rates: readonly RateGroup[], settings: RateSettings): number {
  const name = rates.find((one) => one.group === group)?.setting.name;
  const own = name === undefined ? undefined : settings[name];
  return typeof own === 'number' ? own : settings.lr;
}

/** Ranges of the trainable vector with one learning rate and weight decay each. Neighbours with equal ones are merged. */
export function parameterGroups(adaptation: Adaptation, settings: RateSettings): Group[] {
  const groups: Group[] = [];
  const { rates } = methodNamed(settings.method);
  for (const { start, end, group, decay: decays } of layoutOf(adaptation.parameters).entries) {
    const [rate, decay] = [rateOf(group, rates, settings), decays ? settings.weightDecay : 0];
    const last = groups.at(-1);
    if (last?.rate === rate && last.decay === decay) groups[groups.length - 1] = { ...last, end };
    else groups.push({ start, end, rate, decay });
  }
  return groups;
}
