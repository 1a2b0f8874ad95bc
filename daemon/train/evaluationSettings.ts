import { settingError, settings, type ValuesOf } from '../settings/setting.ts';

const COUNT = 2 ** 31 - 1;

/** How a run is evaluated while it trains. */
export const EVALUATION_GROUP = {
  name: 'evaluation',
  label: 'Evaluation and samples',
  settings: settings(
    {
      name: 'heldOut',
      label: 'Held-out share',
      help: 'Share of the rows that are not trained on and measure the loss.',
      kind: 'number',
      least: 0,
      most: 0.9,
      default: 0.05,
    },
    {
      name: 'evalEvery',
      label: 'Steps between evaluations',
      help: 'How often the held-out loss is measured.',
      kind: 'number',
      whole: true,
      least: 1,
      most: COUNT,
      unit: 'steps',
      standard: 'a tenth of the run, at least 50',
      resumable: true,
    },
    {
      name: 'evalBatches',
      label: 'Batches per evaluation',
      help: 'Largest number of batches that an evaluation measures; 0 means all.',
      kind: 'number',
      whole: true,
      least: 0,
      most: COUNT,
      default: 32,
      unit: 'batches',
      resumable: true,
      advanced: true,
    },
    {
      name: 'patience',
      label: 'Patience',
      help: 'Stop after this many evaluations in a row without a lower loss; 0 means never.',
      kind: 'number',
      whole: true,
      least: 0,
      most: COUNT,
      default: 0,
      unit: 'evaluations',
      resumable: true,
    },
    {
      name: 'samplePrompts',
      one: 'samplePrompt',
      label: 'Sample prompts',
      help: 'Prompts that the model continues before and after training.',
      kind: 'texts',
      most: 32,
      standard: 'the beginning of a held-out row',
      resumable: true,
    },
    {
      name: 'sampleTokens',
      label: 'Sample length',
      help: 'Number of tokens that a sample adds; 0 means no samples.',
      kind: 'number',
      whole: true,
      least: 0,
      most: 4096,
      default: 32,
      unit: 'tokens',
      resumable: true,
      advanced: true,
    },
  ),
} as const;

export type EvaluationSettings = ValuesOf<typeof EVALUATION_GROUP.settings>;

/** Patience compares losses of held-out rows. Throws VeraError 'usage' if no rows are held out. */
export function checkPatience({ patience, heldOut }: Pick<EvaluationSettings, 'patience' | 'heldOut'>): void {
  if (patience > 0 && heldOut === 0)
    throw settingError('Patience needs held-out rows; set Held-out share above 0', 'patience', 'heldOut');
}
