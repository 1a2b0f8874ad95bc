import { settings } from '../settings/setting.ts';
import { AUTO, SERVED_FORMAT, WEIGHT_FORMATS } from '../weights/registry.ts';

/** Settings of the engines that the daemon serves with. */
export const SERVE_SETTINGS = settings({
  name: 'servePrecision',
  label: 'Weight format of serving',
  help: 'Number format of the frozen weights of models that answer requests.',
  kind: 'choice',
  values: [
    { value: AUTO, label: `the one that is fastest here (${SERVED_FORMAT.name})` },
    ...WEIGHT_FORMATS.map(({ name, summary }) => ({ value: name, label: summary })),
  ],
  default: AUTO,
});

/** The name of the weight format that a choice means. */
export const servedFormat = (choice: string): string => (choice === AUTO ? SERVED_FORMAT.name : choice);
