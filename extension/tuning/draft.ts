import type { Description } from '../../daemon/protocol/settings.ts';
import { defaultText } from '../../daemon/settings/setting.ts';
import type { Base } from './bases.ts';
import { methodOf, ownSettings } from './fields.ts';
import { LEAST_STEPS, type Preset, presetSettings } from './presets.ts';
import type { TrainSettings, TrainSpec } from './training.ts';

/** A run as it is put together, before it is one. */
export interface Draft {
  /** Absolute path of the dataset. */
  readonly data: string;
  readonly base: Base;
  preset: Preset;
  /** What a person has set beyond the preset; undefined takes a preset's setting back. */
  changes: Partial<TrainSettings>;
  activate: boolean;
  /** What the daemon says of its settings. */
  readonly described: Description;
  /** Of an earlier run that is run again. */
  readonly name?: string;
}

/** Settings of a draft: the preset's, and a person's over them. Steps and epochs exclude each other, so the latter set wins. */
export function draftSettings({ data, base, preset, changes, described }: Omit<Draft, 'activate'>): TrainSettings {
  const { epochs, steps, ...rest } = presetSettings(preset);
  const length =
    changes['steps'] !== undefined || changes['epochs'] !== undefined
      ? {}
      : { ...(epochs === undefined ? {} : { epochs }), ...(steps === undefined ? {} : { steps }) };
  const [before, now] = [methodOf(described, rest), methodOf(described, { ...rest, ...changes })];
  const own = before === now ? { ...rest, ...base.suits } : forMethod(described, rest, before, now);
  const given = Object.entries({ ...own, ...length, ...changes }).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(given), data, base: base.spec };
}

/**
 * A preset's settings under another method. What is the method's own stays only where both have it with the same default: the usual
 * rank of LoRA is another than VeRA's, and full training has none.
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

/** The draft of a run that was planned with so many steps, with the preset's least where they are fewer and nobody set them. */
export function withEnoughSteps(draft: Draft, planned: number): Draft {
  const { changes } = draft;
  const least = LEAST_STEPS[draft.preset];
  if (changes['steps'] !== undefined || changes['epochs'] !== undefined || planned >= least) return draft;
  return { ...draft, changes: { ...changes, steps: least } };
}

export function draftSpec(draft: Draft): TrainSpec {
  return {
    kind: 'train',
    settings: draftSettings(draft),
    activate: draft.activate,
    ...(draft.name === undefined ? {} : { name: draft.name }),
  };
}
