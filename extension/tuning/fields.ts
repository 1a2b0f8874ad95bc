import type { Description, Setting } from '../../daemon/protocol/settings.ts';
import { parseSetting, type SettingValue } from '../../daemon/settings/setting.ts';
import type { App } from '../app.ts';

/** Settings under one heading of the form. */
export interface FieldGroup {
  readonly label: string;
  readonly settings: readonly Setting[];
}

const known = new WeakMap<App['daemon'], Promise<Description>>();

/** The daemon's descriptions of all settings. It is asked only once. */
export function describedSettings({ daemon }: Pick<App, 'daemon'>): Promise<Description> {
  const asked = known.get(daemon) ?? daemon.call(({ settings }) => settings.describe, {});
  known.set(daemon, asked);
  asked.catch(() => known.delete(daemon));
  return asked;
}

/** Name of the method of these settings. */
export function methodOf({ groups }: Description, settings: Readonly<Record<string, unknown>>): string {
  const given = settings['method'];
  if (typeof given === 'string') return given;
  const choice = groups.flatMap((group) => group.settings).find(({ name }) => name === 'method');
  return choice?.kind === 'choice' ? (choice.default ?? '') : '';
}

/** The options of a method, in addition to the settings of every run. */
export const ownSettings = ({ methods }: Description, method: string): readonly Setting[] =>
  methods.find(({ name }) => name === method)?.settings ?? [];

/** Every setting of a run with this method, in groups. In each group, those that few people need come last. */
export const fieldsFor = (description: Description, method: string): FieldGroup[] =>
  description.groups.map(({ name, label, settings }) => {
    const all = name === 'method' ? [...settings, ...ownSettings(description, method)] : settings;
    return { label, settings: [...all.filter((one) => !one.advanced), ...all.filter((one) => one.advanced)] };
  });

/** The labels of all settings, by name. */
export const labelsOf = (description: Description): ReadonlyMap<string, string> =>
  new Map(
    [...description.groups, ...description.methods]
      .flatMap(({ settings }) => settings)
      .map(({ name, label }) => [name, label]),
  );

/** The value that a person typed for a setting; undefined: back to the default. Throws an Error that says what is wrong. */
export const parseField = (setting: Setting, text: string): SettingValue | undefined =>
  text.trim() === '' ? undefined : parseSetting(setting, text);
