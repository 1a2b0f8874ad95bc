import type { Command } from 'commander';
import { byMethod, methodSettings, allMethodSettings } from '../methods/settings.ts';
import { METHODS } from '../methods/registry.ts';
import { defaultText, type Setting } from '../settings/setting.ts';
import { GROUPS } from '../train/settings.ts';
import { label } from './reference.ts';
import { addSetting, addSettings } from './settingOptions.ts';

/** Collects the values of an option that may be repeated. */
const collect = (text: string, before: string[] | undefined): string[] => [...(before ?? []), text];

/** Collects a tag. */
export const collectTag = (text: string, before: string[] | undefined): string[] => collect(label(text), before);

/** Every setting that `vera train` takes, whatever the method. */
export const trainSettings = (): readonly Setting[] => [
  ...GROUPS.flatMap(({ settings }) => settings),
  ...allMethodSettings(),
];

/** The settings of a training run as options, grouped as their owners are. */
export function addTrainOptions(command: Command): Command {
  for (const { name, label, settings } of GROUPS) {
    command.optionsGroup(`${label}:`);
    addSettings(command, settings);
    if (name === 'method') for (const setting of allMethodSettings()) addMethodSetting(command, setting);
  }
  return command;
}

/** Adds the flag of a method's setting, and says which methods have it, where not all of them that could do. */
export function addMethodSetting(command: Command, setting: Setting): void {
  const has = METHODS.filter((method) => methodSettings(method).some(({ name }) => name === setting.name));
  const linear = METHODS.filter(({ adapts }) => adapts === 'linear');
  const standard = byMethod((method) => {
    const own = methodSettings(method).find(({ name }) => name === setting.name);
    return own === undefined ? undefined : defaultText(own);
  });
  const only = has.length < linear.length ? { only: `${has.map(({ label }) => label).join(', ')} only` } : {};
  addSetting(command, setting, { ...only, standard });
}
