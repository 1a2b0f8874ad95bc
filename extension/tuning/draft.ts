import type { Description } from '../../daemon/protocol/settings.ts';
import { defaultText } from '../../daemon/settings/setting.ts';
import type { Base } from './bases.ts';
import { methodOf, ownSettings } from './fields.ts';
import { LEAST_STEPS, PRESETS, presetSettings, type Start } from './presets.ts';
import type { TrainSettings, TrainSpec } from './training.ts';

/** A run that a person is still putting together. */
export interface Draft extends Labels {
  /** Absolute path of the dataset. */
  readonly data: string;
  readonly base: Base;
  preset: Start;
  /** The settings of the earlier run, if one is run again: those of the start 'same'. */
  readonly same?: Partial<TrainSettings>;
  /** Settings that a person changed. undefined removes a setting of the preset. */
  changes: Partial<TrainSettings>;
  /** The daemon's descriptions of all settings. */
  readonly described: Description;
}

/** What a person says about a run in addition to its settings. */
export interface Labels {
  /** Name of the run and its adapter. A run that is run again begins with the name of the earlier one. */
  readonly name?: string | undefined;
  readonly note?: string | undefined;
  /** Make the adapter the active one when the run is done. */
  readonly activate: boolean;
}

/** What a run without a name is called, for people. */
export const NAME_STANDARD = 'from the data and the method';

/** Where a draft can begin, the proposed one first. */
export const startsOf = ({ preset, same }: Pick<Draft, 'preset' | 'same'>): Start[] => {
  const all: Start[] = same === undefined ? [...PRESETS] : ['same', ...PRESETS];
  return [preset, ...all.filter((one) => one !== preset)];
};

/** The settings of a draft: those of the preset, and the changes on top. Changed steps or epochs replace both of the preset. */
export function draftSettings({
  data,
  base,
  preset,
  same = {},
  changes,
  described,
}: Omit<Draft, keyof Labels>): TrainSettings {
  const { epochs, steps, ...rest } = preset === 'same' ? same : presetSettings(preset);
  const suits = preset === 'same' ? {} : base.suits;
  const length =
    changes['steps'] !== undefined || changes['epochs'] !== undefined
      ? {}
      : { ...(epochs === undefined ? {} : { epochs }), ...(steps === undefined ? {} : { steps }) };
  const [before, now] = [methodOf(described, rest), methodOf(described, { ...rest, ...changes })];
  const own = before === now ? { ...rest, ...suits } : forMethod(described, rest, before, now);
  const given = Object.entries({ ...own, ...length, ...changes }).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(given), data, base: base.spec };
}

/**
 * The settings of a preset for another method. An option of the preset's method stays only if both methods have it with the same
 * default: LoRA's usual rank differs from VeRA's, and full training has no rank.
 */
function forMethod(
  described: Description,
  settings: Partial<TrainSettings>,
  before: string,
  now: string,
): Partial<TrainSettings> {
  const [old, own] = [ownSettings(described, before), ownSettings(described, now)];
  const stays = ([name]: [string, unknown]): boolean => {
    const [was, is] = [old, own].map((list) => list.find((one) => one.name === name));
    return was === undefined || (is !== undefined && defaultText(was) === defaultText(is));
  };
  return { ...Object.fromEntries(Object.entries(settings).filter(stays)), method: now };
}

/** The draft with the preset's least number of steps, if its plan has fewer and the person set neither steps nor epochs. */
export function withEnoughSteps(draft: Draft, estimate: number): Draft {
  const { changes } = draft;
  const least = LEAST_STEPS[draft.preset];
  if (changes['steps'] !== undefined || changes['epochs'] !== undefined || estimate >= least) return draft;
  return { ...draft, changes: { ...changes, steps: least } };
}

export function draftSpec(draft: Draft): TrainSpec {
  return {
    kind: 'train',
    settings: draftSettings(draft),
    ...labelFields(draft),
  };
}

/** The labels of a draft as a spec has them. */
export const labelFields = ({ name, note, activate }: Labels): Pick<TrainSpec, 'name' | 'note' | 'activate'> => ({
  activate,
  ...(name === undefined ? {} : { name }),
  ...(note === undefined ? {} : { note }),
});
