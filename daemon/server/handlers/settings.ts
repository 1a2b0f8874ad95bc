import { rowFormats } from '../../data/formats/registry.ts';
import { EXPORT_FORMATS } from '../../export/formats/registry.ts';
import { METHODS } from '../../methods/registry.ts';
import { methodSettings } from '../../methods/settings.ts';
import { OBJECTIVES } from '../../objectives/registry.ts';
import type * as settings from '../../protocol/settings.ts';
import type { Setting } from '../../settings/setting.ts';
import { EVALUATE_SETTINGS } from '../../train/evaluateSettings.ts';
import { GROUPS } from '../../train/settings.ts';
import { WEIGHT_FORMATS } from '../../weights/registry.ts';
import type { Handlers } from '../context.ts';

/** Everything that a form needs to know of settings, methods and formats. */
export const description = (): settings.Description => ({
  groups: GROUPS.map((group) => ({ ...group, settings: group.settings.map(plain) })),
  methods: METHODS.map((method) => {
    const { name, label, summary, adapts, learningRate } = method;
    return { name, label, summary, adapts, learningRate, settings: methodSettings(method).map(plain) };
  }),
  evaluate: EVALUATE_SETTINGS.map(plain),
  objectives: OBJECTIVES.map(({ name, label, summary }) => ({ name, label, summary })),
  rowFormats: rowFormats.map(({ name, label, columns }) => ({ name, label, summary: columns })),
  weightFormats: WEIGHT_FORMATS.map(({ name, label, summary }) => ({ name, label, summary })),
  exportFormats: EXPORT_FORMATS.map(({ name, label, summary, losses, options }) => ({
    ...{ name, label, summary, losses },
    options: options.map(plain),
  })),
});

export const settingHandlers: Handlers<typeof settings> = { describe: description };

/** The protocol's own form: its lists may be changed by who receives them. */
export const plain = (setting: Setting): settings.Setting =>
  setting.kind === 'choice' ? { ...setting, values: [...setting.values] } : { ...setting };
