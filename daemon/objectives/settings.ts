import { type Setting, settings, type ValuesOf } from '../settings/setting.ts';
import { OBJECTIVES } from './registry.ts';

const OBJECTIVE = {
  name: 'objective',
  label: 'Objective',
  help: 'What the model learns to predict.',
  kind: 'choice',
  values: OBJECTIVES.map(({ name, label, summary }) => ({ value: name, label: `${label}: ${summary}` })),
  default: OBJECTIVES[0].name,
} as const satisfies Setting;

/** What a model learns. With one objective there is nothing to choose, so the setting appears with the second. */
export const OBJECTIVE_GROUP = {
  name: 'objective',
  label: 'Objective',
  settings: OBJECTIVES.length > 1 ? settings(OBJECTIVE) : settings(),
} as const;

export type ObjectiveSettings = Partial<ValuesOf<typeof OBJECTIVE_GROUP.settings>>;
