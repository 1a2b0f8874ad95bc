import type { Base } from './bases.ts';
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
  /** Of an earlier run that is run again. */
  readonly name?: string;
}

/** Settings of a draft: the preset's, and a person's over them. Steps and epochs exclude each other, so the latter set wins. */
export function draftSettings({ data, base, preset, changes }: Omit<Draft, 'activate'>): TrainSettings {
  const { epochs, steps, ...rest } = presetSettings(preset);
  const length =
    changes.steps !== undefined || changes.epochs !== undefined
      ? {}
      : { ...(epochs === undefined ? {} : { epochs }), ...(steps === undefined ? {} : { steps }) };
  const own = changes.method === undefined || changes.method === 'vera' ? rest : withoutVera(rest, changes.method);
  const suits = changes.method === undefined || changes.method === 'vera' ? base.suits : undefined;
  const given = Object.entries({ ...own, ...suits, ...length, ...changes }).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(given), data, base: base.spec };
}

/** LoRA's usual rank is another than VeRA's, and full training has none of these. */
function withoutVera(
  { method: _method, rank: _rank, ...rest }: Partial<TrainSettings>,
  method: string,
): Partial<TrainSettings> {
  if (method !== 'full') return rest;
  const { targets: _targets, ...plain } = rest;
  return plain;
}

/** The draft of a run that was planned with so many steps, with the preset's least where they are fewer and nobody set them. */
export function withEnoughSteps(draft: Draft, planned: number): Draft {
  const { steps, epochs } = draft.changes;
  const least = LEAST_STEPS[draft.preset];
  if (steps !== undefined || epochs !== undefined || planned >= least) return draft;
  return { ...draft, changes: { ...draft.changes, steps: least } };
}

export function draftSpec(draft: Draft): TrainSpec {
  return {
    kind: 'train',
    settings: draftSettings(draft),
    activate: draft.activate,
    ...(draft.name === undefined ? {} : { name: draft.name }),
  };
}
