import { DATA_GROUP } from '../data/settings.ts';
import {
  checkSettings,
  defaultsOf,
  type Setting,
  settings,
  type SettingValues,
  type ValuesOf,
} from '../settings/setting.ts';
import { RUN_GROUP } from '../train/runSettings.ts';
import { SERVED_FORMAT, WEIGHT_FORMATS } from '../weights/registry.ts';

const LEAST_CASES = 10; // fewer say nothing

const OWN = settings(
  {
    name: 'limit',
    label: 'Cases',
    help: 'Largest number of places in the code where a completion is asked for.',
    kind: 'number',
    whole: true,
    least: LEAST_CASES,
    most: 10_000,
    default: 100,
    unit: 'cases',
  },
  {
    name: 'context',
    label: 'Context',
    help: 'Tokens of the code around the cursor that a completion may see.',
    kind: 'number',
    whole: true,
    least: 64,
    most: 8192,
    default: 768,
    unit: 'tokens',
    advanced: true,
  },
  {
    name: 'precision',
    label: 'Weight format',
    help: 'Number format of the frozen weights.',
    kind: 'choice',
    values: WEIGHT_FORMATS.map(({ name, summary }) => ({ value: name, label: summary })),
    default: SERVED_FORMAT.name,
  },
);

const DATA: readonly string[] = ['format', 'columns', 'encoding', 'onBadRow', 'maxExamples'];
const RUN: readonly string[] = ['seed', 'threads'];
const given = (list: readonly Setting[], names: readonly string[]): Setting[] =>
  list.filter(({ name }) => names.includes(name));

/** The settings of an evaluation of inline completions. */
export const COMPLETION_SETTINGS: readonly Setting[] = [
  ...OWN,
  ...given(RUN_GROUP.settings, RUN),
  ...given(DATA_GROUP.settings, DATA),
];

export type CompletionSettings = ValuesOf<typeof OWN> &
  Pick<ValuesOf<typeof RUN_GROUP.settings>, 'seed' | 'threads'> &
  Pick<ValuesOf<typeof DATA_GROUP.settings>, 'format' | 'columns' | 'encoding' | 'onBadRow' | 'maxExamples'>;

/** Fills in missing settings. Throws VeraError 'usage' for values that cannot work. */
export function completeCompletion(values: SettingValues): CompletionSettings {
  checkSettings(COMPLETION_SETTINGS, values);
  const present = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
  return { ...defaultsOf(COMPLETION_SETTINGS), ...present } as unknown as CompletionSettings;
}
