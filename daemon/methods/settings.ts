import {
  type NumberSetting,
  type Setting,
  settingError,
  settings,
  type SettingValues,
  valueText,
} from '../settings/setting.ts';
import type { Method } from './method.ts';
import { METHODS } from './registry.ts';

const METHOD = {
  name: 'method',
  label: 'Method',
  help: 'How the model is adapted.',
  kind: 'choice',
  values: METHODS.map(({ name, label, summary }) => ({ value: name, label: `${capital(label)} ${summary}` })),
  default: METHODS[0]!.name,
} as const satisfies Setting;

/** Settings of every method that adapts linear layers. */
const LAYERS = settings(
  {
    name: 'targets',
    label: 'Target modules',
    help: "Linear layers to adapt: names separated by commas, 'all-linear', or a regular expression.",
    kind: 'text',
    default: 'q_proj,v_proj',
  },
  {
    name: 'layers',
    label: 'Layers',
    help: "Adapt only these transformer layers: numbers and ranges such as '0-5,11'.",
    kind: 'text',
    standard: 'all layers',
    advanced: true,
  },
);

/** The choice of a method; what each method adds is in `methodSettings`. */
export const METHOD_GROUP = { name: 'method', label: 'Method', settings: settings(METHOD) } as const;

/** Settings that have a meaning with this method alone, in the order a form shows them. */
export const methodSettings = (method: Method): readonly Setting[] => [
  ...method.options.filter(({ advanced }) => advanced !== true),
  ...(method.adapts === 'linear' ? LAYERS : []),
  ...method.options.filter(({ advanced }) => advanced === true),
  ...method.rates.map(({ setting }) => setting),
];

/** Every setting that some method has, once each, those that few people need last. Where methods differ in its range, the widest. */
export function allMethodSettings(): readonly Setting[] {
  const all = METHODS.flatMap(methodSettings);
  const each = all
    .filter(({ name }, i) => all.findIndex((one) => one.name === name) === i)
    .map((setting) => {
      if (setting.kind !== 'number') return setting;
      const same = all.filter((one) => one.kind === 'number' && one.name === setting.name) as NumberSetting[];
      return {
        ...setting,
        least: Math.min(...same.map(({ least }) => least)),
        most: Math.max(...same.map(({ most }) => most)),
      };
    });
  return [...each.filter(({ advanced }) => advanced !== true), ...each.filter(({ advanced }) => advanced === true)];
}

/** '256 for VeRA, 16 for LoRA': a value that depends on the method, for people. */
export const byMethod = (valueOf: (method: Method) => string | number | undefined): string => {
  const told = METHODS.flatMap((method) => {
    const value = valueOf(method);
    return value === undefined ? [] : [{ method, value }];
  });
  return new Set(told.map(({ value }) => value)).size === 1
    ? valueText(told[0]!.value)
    : told.map(({ method, value }) => `${valueText(value)} for ${method.label}`).join(', ');
};

/** Refuses a setting that only other methods have. `known`: settings of every run. Throws VeraError 'usage'. */
export function refuseOthers(method: Method, given: SettingValues): void {
  const own = new Set(methodSettings(method).map(({ name }) => name));
  for (const setting of allMethodSettings()) {
    if (given[setting.name] === undefined || own.has(setting.name)) continue;
    const owners = METHODS.filter((one) => methodSettings(one).some(({ name }) => name === setting.name));
    throw settingError(
      `${setting.label} is a setting of ${owners.map(({ label }) => label).join(' and ')}; the method is ${method.label}`,
      setting.name,
      'method',
    );
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
