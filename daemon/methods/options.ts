import type { NumberSetting } from '../settings/setting.ts';
import type { RateGroup } from './method.ts';

const MAX_RANK = 65_536; // A and B of a larger one would not fit a typed array for any model
/** Beyond it a learning rate is no number in float32. */
export const MAX_RATE = 1e30;

/** Options that several methods have, each with what suits it. */
export const rank = (standard: number, help: string) =>
  ({
    name: 'rank',
    label: 'Rank',
    help,
    kind: 'number',
    whole: true,
    least: 1,
    most: MAX_RANK,
    default: standard,
  }) as const satisfies NumberSetting;

export const dropoutOption = {
  name: 'dropout',
  label: 'Dropout',
  help: "Share of an adapted layer's inputs that are set to zero at random while training.",
  kind: 'number',
  least: 0,
  most: 0.99,
  default: 0,
  advanced: true,
} as const satisfies NumberSetting;

/** The learning rate of one group of parameters: `lrB` of the group 'b'. */
export const rateOption = (group: string): RateGroup => ({
  group,
  setting: {
    name: `lr${group.charAt(0).toUpperCase()}${group.slice(1)}`,
    label: `Learning rate of ${group}`,
    help: `Learning rate of ${group} alone.`,
    kind: 'number',
    least: 0,
    most: MAX_RATE,
    standard: 'the learning rate',
    resumable: true,
    advanced: true,
  },
});
