import { settingError, settings, type ValuesOf } from '../settings/setting.ts';

const COUNT = 2 ** 31 - 1; // larger sizes fit neither a typed array nor a dimension that a person could mean

/** How long a run is, and how its learning rate changes. */
export const SCHEDULE_GROUP = {
  name: 'schedule',
  label: 'Length and schedule',
  settings: settings(
    {
      name: 'epochs',
      label: 'Epochs',
      help: 'Passes over the training rows.',
      kind: 'number',
      whole: true,
      least: 1,
      most: 1e6,
      default: 1,
      unit: 'passes',
      resumable: true,
    },
    {
      name: 'steps',
      label: 'Steps',
      help: 'Number of optimizer steps, instead of epochs.',
      kind: 'number',
      whole: true,
      least: 1,
      most: COUNT,
      unit: 'steps',
      standard: 'as many as the epochs take',
      resumable: true,
    },
    {
      name: 'schedule',
      label: 'Schedule',
      help: 'How the learning rate changes over the run.',
      kind: 'choice',
      values: [
        { value: 'constant', label: 'Stays the same' },
        { value: 'linear', label: 'Falls to zero along a line' },
        { value: 'cosine', label: 'Falls to zero along half a cosine' },
      ],
      default: 'linear',
      resumable: true,
    },
    {
      name: 'warmup',
      label: 'Warm-up',
      help: 'Steps over which the learning rate first rises.',
      kind: 'number',
      whole: true,
      least: 0,
      most: COUNT,
      default: 0,
      unit: 'steps',
      resumable: true,
    },
  ),
} as const;

export type ScheduleSettings = ValuesOf<typeof SCHEDULE_GROUP.settings>;
export type Schedule = ScheduleSettings['schedule'];

/** A run has a number of steps or of epochs. Throws VeraError 'usage' where both are given. */
export function checkRunLength({ steps, epochs }: Partial<ScheduleSettings>): void {
  if (steps !== undefined && epochs !== undefined)
    throw settingError('Steps and Epochs exclude each other; give one of them', 'steps', 'epochs');
}
