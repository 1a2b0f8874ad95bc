import { layoutOf, pack } from '../layout.ts';
import type { Adaptation, Parameter } from '../models/adaptation.ts';
import type { Group } from './optimizer.ts';
import type { TrainSettings } from './settings.ts';

/** Length of the flat trainable vector. */
export const thetaSize = (adaptation: Adaptation): number => layoutOf(adaptation.parameters).size;

/** The first value of the flat trainable vector. */
export const initialTheta = (adaptation: Adaptation): Float32Array =>
  pack(layoutOf(adaptation.parameters), ({ initial }) => initial());

const rateOf = ({ group }: Parameter, { lr, lrB, lrD, lrHead }: TrainSettings): number =>
  ({ b: lrB, d: lrD, head: lrHead, weight: undefined })[group] ?? lr;

/** Stretches of the trainable vector with one learning rate and weight decay each; neighbours that agree are one. */
export function parameterGroups(adaptation: Adaptation, settings: TrainSettings): Group[] {
  const groups: Group[] = [];
  for (const { start, end, ...parameter } of layoutOf(adaptation.parameters).entries) {
    const [rate, decay] = [rateOf(parameter, settings), parameter.decay ? settings.weightDecay : 0];
    const last = groups.at(-1);
    if (last?.rate === rate && last.decay === decay) groups[groups.length - 1] = { ...last, end };
    else groups.push({ start, end, rate, decay });
  }
  return groups;
}
