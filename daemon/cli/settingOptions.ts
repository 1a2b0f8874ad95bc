import { type Command, Option } from 'commander';
import {
  defaultText,
  flagOf,
  parseSetting,
  type Setting,
  type SettingValues,
  shortRange,
} from '../settings/setting.ts';

/** What help says of a setting beyond its table: which methods have it, and a default that depends on the method. */
export interface HelpFacts {
  readonly only?: string;
  readonly standard?: string;
}

/** Adds the flag of a setting to a command; `--no-...` too where it is a switch. */
export function addSetting(
  command: Command,
  setting: Setting,
  { only, standard = defaultText(setting) }: HelpFacts = {},
): Command {
  const flag = flagOf(setting);
  const facts = [only, shortRange(setting), standard === '' ? undefined : `default: ${standard}`];
  const told = facts.filter((fact) => fact !== undefined).join('; ');
  const help = `${sentence(setting)}${told === '' ? '' : ` (${told})`}${choicesOf(setting)}`;
  if (setting.kind === 'flag')
    return command.option(flag, help).option(flag.replace(/^--/, '--no-'), `the opposite of ${flag}`);
  const option = new Option(`${flag} <${placeholder(setting)}>`, help);
  if (setting.kind === 'texts')
    return command.addOption(option.argParser((text, before: string[] | undefined) => [...(before ?? []), text]));
  return command.addOption(option.argParser((text) => parseSetting(setting, text)));
}

export const addSettings = (command: Command, list: readonly Setting[]): void =>
  list.forEach((setting) => addSetting(command, setting));

/** What was given for these settings, by their names: commander names an option after its flag. */
export function givenSettings(list: readonly Setting[], options: Readonly<Record<string, unknown>>): SettingValues {
  const pairs = list.map((setting) => [setting.name, options['one' in setting ? setting.one : setting.name]] as const);
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined)) as SettingValues;
}

/** Help of options begins with a small letter (names such as VeRA keep theirs) and has no full stop. */
function sentence({ help }: Setting): string {
  const first = /^(\p{Lu}\p{Ll}+|A) /u.test(help) ? help.charAt(0).toLowerCase() + help.slice(1) : help;
  return first.replace(/\.$/, '');
}

function placeholder(setting: Setting): string {
  if (setting.kind === 'choice') return 'name';
  if (setting.kind !== 'number') return 'text';
  return setting.unit === undefined || setting.unit === setting.name
    ? setting.whole === true
      ? 'n'
      : 'x'
    : setting.unit;
}

/** Each choice on a line of its own. */
const choicesOf = (setting: Setting): string =>
  setting.kind === 'choice' ? setting.values.map(({ value, label }) => `\n${value}: ${label}`).join('') : '';
