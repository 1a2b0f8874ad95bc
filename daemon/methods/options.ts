import type { Layout } from '../layout.ts';
import type { OptionValue } from '../protocol/values.ts';
import {
  defaultsOf,
  type NumberSetting,
  type SettingValue,
  type SettingValues,
  valueText,
} from '../settings/setting.ts';
import type { Method, MethodOptions, RateGroup } from './method.ts';
import type { StartOptions } from './start.ts';

const MAX_RANK = 65_536; // A and B of a larger one would not fit a typed array for any model
/** Beyond it a learning rate is no number in float32. */
export const MAX_RATE = 1e30;

/**
 * What the first version stored as the options of an adapter of VeRA or LoRA, whichever of them the method used. Content
 * hashes and vera.json cover all of these, so the methods of that version carry them. A new method has only its own options.
 */
export const FIRST_OPTIONS = { rank: 256, alpha: 256, dropout: 0, projectionKey: 0, dInitial: 0.1, seed: 0 } as const;

/** The type of options that have all of the first ones, and may have a point where the adapter starts. */
export type FirstOptions = { readonly [Name in keyof typeof FIRST_OPTIONS]: number } & StartOptions;

/** The rank of a method, with the default and the text that suit it. */
export const rank = (standard: number, help: string) =>
  ({
    name: 'rank',
    label: 'Rank',
    help,
    kind: 'number',
    whole: true,
    least: 1,
    most: MAX_RANK,
    default: standard,
  }) as const satisfies NumberSetting;

/** The rank of the bank for adapters of this rank: a power of two, so that few banks are needed. */
export const bankRank = (rank: number, least: number): number => Math.max(least, 2 ** Math.ceil(Math.log2(rank)));

/** Whether each layer's update is zero, where it is a product of the layer's two tensors. */
export const pairsIdle = ({ entries }: Layout, theta: Float32Array): boolean => {
  const zero = entries.map(({ start, end }) => theta.subarray(start, end).every((value) => value === 0));
  return entries.every((_, i) => zero[i] || zero[i % 2 === 0 ? i + 1 : i - 1]);
};

export const dropoutOption = {
  name: 'dropout',
  label: 'Dropout',
  help: "Share of an adapted layer's inputs that are set to zero at random while training.",
  kind: 'number',
  least: 0,
  most: 0.99,
  default: 0,
  advanced: true,
} as const satisfies NumberSetting;

/** The learning rate of one group of parameters: `lrB` of the group 'b'. */
export const rateOption = (group: string): RateGroup => ({
  group,
  setting: {
    name: `lr${group.charAt(0).toUpperCase()}${group.slice(1)}`,
    label: `Learning rate of ${group}`,
    help: `Learning rate of ${group} alone.`,
    kind: 'number',
    least: 0,
    most: MAX_RATE,
    standard: 'the learning rate',
    resumable: true,
    advanced: true,
  },
});

/** The complete options of a method from settings that may hold others as well: given values, defaults, and the seed. */
export function optionsOf(method: Method, given: SettingValues): MethodOptions {
  const names = ['seed', ...method.options.map(({ name }) => name)];
  const own = Object.fromEntries(names.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])));
  const values = { ...defaultsOf(method.options), seed: 0, ...own };
  const complete = method.complete?.(values) ?? values;
  return (method.carried?.(complete) ?? complete) as MethodOptions;
}

/** The rank among a method's options; null if it has none. */
export const rankOf = ({ rank }: MethodOptions): number | null => (typeof rank === 'number' ? rank : null);

/** A method and its rank, for people: 'VeRA, rank 8'. */
export function methodText({ label }: Method, options: MethodOptions): string {
  const rank = rankOf(options);
  return rank === null ? label : `${label}, rank ${rank}`;
}

/** The values of a method's options, for people: 'rank 8, dropout 0'. `advanced`: also those that few people need. */
export const optionsText = (
  method: Method,
  values: Readonly<Record<string, unknown>>,
  { advanced }: { advanced: boolean },
): string =>
  method.options
    .filter((option) => (advanced || option.advanced !== true) && values[option.name] !== undefined)
    .map(({ label, name }) => `${label.toLowerCase()} ${valueText(values[name] as SettingValue)}`)
    .join(', ');

/** Whether a value from a file can be an option: a finite number, a text, true or false. */
export const isOption = (value: unknown): value is OptionValue =>
  typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
