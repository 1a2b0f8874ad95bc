/**
 * A setting is one thing that a person may choose. Each is described once, beside the code that uses it; the command line, the
 * form of VS Code, the checks of the daemon and docs/settings.md are all made from that description.
 */
import { VeraError } from '../protocol/errors.ts';

interface Common {
  /** camelCase: as run.json and the protocol write it. */
  readonly name: string;
  /** As a form and an error name it: 'Learning rate'. */
  readonly label: string;
  /** One plain sentence. */
  readonly help: string;
  /** A run that is resumed may have another value: it changes neither what was learned so far nor from what. */
  readonly resumable?: boolean | undefined;
  /** Few people need it: a form shows it after the others. */
  readonly advanced?: boolean | undefined;
  /** What happens where nothing is given and there is no fixed default, for people: 'all cores'. */
  readonly standard?: string | undefined;
}

export interface NumberSetting extends Common {
  readonly kind: 'number';
  readonly whole?: boolean | undefined;
  /** Smallest and largest value, both allowed. */
  readonly least: number;
  readonly most: number;
  /** `least` itself is not allowed: a learning rate is above 0. */
  readonly above?: boolean | undefined;
  readonly default?: number | undefined;
  /** 'steps', 'tokens'. */
  readonly unit?: string | undefined;
}

export interface ChoiceSetting extends Common {
  readonly kind: 'choice';
  readonly values: readonly { readonly value: string; readonly label: string }[];
  readonly default?: string | undefined;
}

export interface TextSetting extends Common {
  readonly kind: 'text';
  readonly default?: string | undefined;
  /** Characters. */
  readonly maxLength?: number | undefined;
}

/** Several texts; the command line takes its flag once for each. */
export interface TextsSetting extends Common {
  readonly kind: 'texts';
  /** Name of one of them: 'samplePrompt' of 'samplePrompts'. */
  readonly one: string;
  readonly most: number;
  readonly maxLength?: number | undefined;
}

export interface FlagSetting extends Common {
  readonly kind: 'flag';
  readonly default: boolean;
}

export type Setting = NumberSetting | ChoiceSetting | TextSetting | TextsSetting | FlagSetting;

export type SettingValue = string | number | boolean | readonly string[];
/** Values by name; what is absent was not given. */
export type SettingValues = Readonly<Record<string, SettingValue | undefined>>;

/** Settings of one owner: 'data', 'model', 'method', 'optimizer', 'schedule', 'evaluation', 'run'. */
export interface SettingGroup<S extends readonly Setting[] = readonly Setting[]> {
  readonly name: string;
  readonly label: string;
  readonly settings: S;
}

type ValueOf<S extends Setting> = S extends { kind: 'number' }
  ? number
  : S extends { kind: 'choice' }
    ? S['values'][number]['value']
    : S extends { kind: 'flag' }
      ? boolean
      : S extends { kind: 'texts' }
        ? readonly string[]
        : string;
type WithDefault = { readonly default: SettingValue };

/** Completed values of a list of settings: those with a default are always there. */
export type ValuesOf<L extends readonly Setting[]> = {
  readonly [S in L[number] as S extends WithDefault ? S['name'] : never]: ValueOf<S>;
} & {
  readonly [S in L[number] as S extends WithDefault ? never : S['name']]?: ValueOf<S>;
};

const MAX_TEXT = 10_000; // characters: what protocol/values.ts takes of a prompt

/** Keeps the names and choices of a list in its type, so that `ValuesOf` can be taken of it. */
export const settings = <const L extends readonly Setting[]>(...list: L): L => list;

/** `--lr-b` of `lrB`; of several texts the flag of one. */
export const flagOf = (setting: Pick<Setting, 'name'> | TextsSetting): string =>
  `--${('one' in setting ? setting.one : setting.name).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

export const defaultOf = (setting: Setting): SettingValue | undefined =>
  'default' in setting ? setting.default : undefined;

/** The defaults of a list, by name. */
export function defaultsOf<L extends readonly Setting[]>(list: L): Partial<ValuesOf<L>> {
  const pairs = list.map((setting) => [setting.name, defaultOf(setting)] as const);
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined)) as Partial<ValuesOf<L>>;
}

/** A value as a person reads it; numbers without needless digits. */
export function valueText(value: SettingValue): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'object' ? value.join(' | ') : String(value);
}

/** The default as a person reads it, which may be a sentence; empty if there is none. */
export function defaultText(setting: Setting): string {
  const value = defaultOf(setting);
  return setting.standard ?? (value === undefined ? '' : valueText(value));
}

/** 'a whole number from 1 to 65536', 'one of pack, bucket, none': completes the sentence 'it must be ...'. */
function rangeText(setting: Setting): string {
  switch (setting.kind) {
    case 'number': {
      const { whole = false, above = false, least, most } = setting;
      const kind = whole ? 'a whole number' : 'a number';
      return above ? `${kind} above ${least}, at most ${most}` : `${kind} from ${least} to ${most}`;
    }
    case 'choice':
      return `one of ${setting.values.map(({ value }) => value).join(', ')}`;
    case 'flag':
      return 'yes or no';
    case 'text':
      return `a text of at most ${setting.maxLength ?? MAX_TEXT} characters`;
    case 'texts':
      return `at most ${setting.most} texts of at most ${setting.maxLength ?? MAX_TEXT} characters`;
  }
}

const LARGE = 1e6; // a limit above it says nothing to a person

/** '1 to 4096', 'above 0', 'may be repeated': as short as help wants it; undefined where any sensible value will do. */
export function shortRange(setting: Setting): string | undefined {
  if (setting.kind === 'texts') return 'may be repeated';
  if (setting.kind !== 'number') return undefined;
  const { least, most, above = false } = setting;
  if (most >= LARGE) return above ? `above ${least}` : least > 1 ? `at least ${least}` : undefined;
  return above ? `above ${least}, at most ${most}` : `${least} to ${most}`;
}

/** Whether a setting may have this value. */
function allows(setting: Setting, value: unknown): boolean {
  const text = (one: unknown, most = MAX_TEXT): boolean => typeof one === 'string' && one.length <= most;
  switch (setting.kind) {
    case 'number': {
      const { whole = false, above = false, least, most } = setting;
      if (typeof value !== 'number' || !(value >= least && value <= most)) return false;
      return (!whole || Number.isInteger(value)) && !(above && value === least);
    }
    case 'choice':
      return setting.values.some((one) => one.value === value);
    case 'flag':
      return typeof value === 'boolean';
    case 'text':
      return text(value, setting.maxLength);
    case 'texts':
      return Array.isArray(value) && value.length <= setting.most && value.every((one) => text(one, setting.maxLength));
  }
}

/** An error about settings, which it names by their labels in the message and by their names in `settings`. */
export const settingError = (message: string, ...names: readonly string[]): VeraError =>
  new VeraError('usage', message, { settings: names });

const shown = (value: unknown): string => {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'nothing');
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
};

/** Gives the value back if the setting allows it. Throws a VeraError 'usage' that says what it may be. */
export function checkSetting(setting: Setting, value: unknown): SettingValue {
  if (allows(setting, value)) return value as SettingValue;
  throw settingError(`${setting.label} must be ${rangeText(setting)}, not ${shown(value)}`, setting.name);
}

/** Checks all values that are given. Throws on the first that no setting of the list has, or that is out of range. */
export function checkSettings(list: readonly Setting[], values: SettingValues): void {
  const known = new Map(list.map((setting) => [setting.name, setting]));
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const setting = known.get(name);
    if (setting === undefined) throw settingError(`there is no setting ${JSON.stringify(name)}`, name);
    checkSetting(setting, value);
  }
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Reads the text that a person typed. Several texts are on lines of their own, or separated by `|`. Throws as `checkSetting`
 * does.
 */
export function parseSetting(setting: Setting, typed: string): SettingValue {
  const text = typed.trim();
  switch (setting.kind) {
    case 'number':
      return checkSetting(setting, NUMBER.test(text) ? Number(text) : text);
    case 'flag':
      return checkSetting(setting, text === 'yes' ? true : text === 'no' ? false : text);
    case 'choice':
      return checkSetting(setting, text);
    case 'text':
      return checkSetting(setting, typed);
    case 'texts': {
      const parts = typed.split(/[|\n]/).map((one) => one.trim());
      return checkSetting(
        setting,
        parts.filter((one) => one !== ''),
      );
    }
  }
}
