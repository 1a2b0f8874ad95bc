import { settings, type ValuesOf } from '../settings/setting.ts';
import { AUTO, WEIGHT_FORMATS } from './registry.ts';

const FORMATS = WEIGHT_FORMATS.map(({ name, summary }) => ({ value: name, label: summary }));

/** Of work that has to be exact unless a person chooses otherwise: evaluating, and generating in the foreground. */
export const FORMAT_SETTINGS = settings({
  name: 'precision',
  label: 'Weight format',
  help: 'Number format of the frozen weights.',
  kind: 'choice',
  values: FORMATS,
  default: WEIGHT_FORMATS[0]!.name,
});

/** How a training run computes with the base model. */
export const MODEL_GROUP = {
  name: 'model',
  label: 'Model',
  settings: settings({
    name: 'precision',
    label: 'Weight format',
    help: 'Number format of the frozen weights.',
    kind: 'choice',
    values: [
      { value: AUTO, label: 'int8 where this machine is measured to be faster with it, otherwise fp32' },
      ...FORMATS,
    ],
    default: AUTO,
  }),
} as const;

export type ModelSettings = ValuesOf<typeof MODEL_GROUP.settings>;
