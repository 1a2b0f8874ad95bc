import { settings, type ValuesOf } from '../settings/setting.ts';
import { WEIGHT_FORMATS } from './registry.ts';

/** How the base model is computed with. */
export const MODEL_GROUP = {
  name: 'model',
  label: 'Model',
  settings: settings({
    name: 'precision',
    label: 'Weight format',
    help: 'Number format of the frozen weights.',
    kind: 'choice',
    values: WEIGHT_FORMATS.map(({ name, summary }) => ({ value: name, label: summary })),
    default: WEIGHT_FORMATS[0]!.name,
  }),
} as const;

export type ModelSettings = ValuesOf<typeof MODEL_GROUP.settings>;
