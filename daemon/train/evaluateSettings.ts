import { checkBatchSize, DATA_GROUP, type DataSettings } from '../data/settings.ts';
import { checkSettings, defaultsOf, type Setting, type SettingValues } from '../settings/setting.ts';
import { OBJECTIVE_GROUP, type ObjectiveSettings } from '../objectives/settings.ts';
import { FORMAT_SETTINGS, type ModelSettings } from '../weights/settings.ts';
import { RUN_GROUP, type RunSettings } from './runSettings.ts';

/** Default tokens of a row. An evaluation keeps no intermediate values, so its rows may be longer than in training. */
export const EVALUATION_LENGTH = 1024;

type Name =
  | 'length'
  | 'batch'
  | 'precision'
  | 'objective'
  | 'format'
  | 'columns'
  | 'encoding'
  | 'lossOn'
  | 'onBadRow'
  | 'maxExamples'
  | 'threads';
const NAMES: readonly string[] = [
  'length',
  'batch',
  'precision',
  'objective',
  'format',
  'columns',
  'encoding',
  'lossOn',
  'onBadRow',
  'maxExamples',
  'threads',
] satisfies Name[];
const ALL: readonly Setting[] = [
  ...DATA_GROUP.settings,
  ...FORMAT_SETTINGS,
  ...OBJECTIVE_GROUP.settings,
  ...RUN_GROUP.settings,
];

/** The settings of an evaluation on a whole dataset: those settings of a training run that an evaluation needs. */
export const EVALUATE_SETTINGS: readonly Setting[] = ALL.filter(({ name }) => NAMES.includes(name)).map((setting) =>
  setting.name === 'length'
    ? {
        ...setting,
        help: 'Tokens of a row; longer rows are cut.',
        standard: `${EVALUATION_LENGTH}, or the context length of the model where that is less`,
      }
    : setting,
);

export type EvaluateSettings = Pick<DataSettings, Exclude<Name, 'precision' | 'objective' | 'threads'>> &
  ModelSettings &
  ObjectiveSettings &
  Partial<Pick<RunSettings, 'threads'>>;

/** Fills in missing settings. Throws VeraError 'usage' for values that cannot work. */
export function completeEvaluation(given: SettingValues): EvaluateSettings {
  checkSettings(EVALUATE_SETTINGS, given);
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const settings = { ...defaultsOf(EVALUATE_SETTINGS), ...present } as unknown as EvaluateSettings;
  checkBatchSize({ ...settings, length: settings.length ?? EVALUATION_LENGTH });
  return settings;
}
