import { VeraError } from '../protocol/errors.ts';
import type { SettingValues, TextSetting } from '../settings/setting.ts';
import type { MethodOptions } from './method.ts';

/** The value that is the same as none. */
const OFF = 'off';
/** The value for the point where the answer begins. Other points are tokens. */
export const AT_ANSWER = 'answer';

/**
 * The point of a row after which an adapter acts. Beside it, an adapter stores the tokens of that point as the option
 * `activateTokens` ('49154' or '1,4093'), because the tokenizer is not at hand wherever the adapter is used.
 */
export const startOption = {
  name: 'activateAfter',
  label: 'Start after',
  help: "The adapter acts only from this point on; the base alone reads what comes before. 'answer': the beginning of the answer; 'middle': the fill-in-the-middle token, which every code example then has; any other text: the last place where it stands.",
  kind: 'text',
  maxLength: 200,
  standard: 'off (the adapter acts on every token)',
  advanced: true,
} as const satisfies TextSetting;

/** Numbers of tokens. */
const TOKENS = /^\d{1,9}(,\d{1,9})*$/;

/** The options of an adapter that starts late. */
export type StartOptions = { readonly activateAfter?: string; readonly activateTokens?: string };

/** Leaves out the value that is the same as none, so that adapters that act everywhere have the same options as ever. */
export function withoutOff(given: SettingValues): SettingValues {
  const { activateAfter, ...others } = given;
  return activateAfter === undefined || activateAfter === OFF || activateAfter === '' ? others : given;
}

/** Whether an adapter with these options starts late. */
export const startsLate = (options: MethodOptions | StartOptions): boolean => options['activateAfter'] !== undefined;

/**
 * Where an adapter with these options starts: at these tokens, or, without tokens, at the answer. Undefined if it acts on every
 * token. Throws VeraError 'adapter' for options that do not fit together.
 */
export function startOf(options: MethodOptions | StartOptions): { readonly tokens?: readonly number[] } | undefined {
  const { activateAfter, activateTokens } = options as StartOptions;
  if (activateAfter === undefined && activateTokens === undefined) return undefined;
  if (activateAfter === AT_ANSWER && activateTokens === undefined) return {};
  if (activateAfter === undefined || activateAfter === AT_ANSWER || !TOKENS.test(activateTokens ?? ''))
    throw new VeraError(
      'adapter',
      `it starts after ${JSON.stringify(activateAfter ?? null)}, but its options name the tokens ${JSON.stringify(activateTokens ?? null)} for this point; train it again`,
    );
  return { tokens: activateTokens!.split(',').map(Number) };
}

/** The options of an adapter that starts at these tokens. `name`: as a person gave it. */
export const startAt = (name: string, tokens: readonly number[]): StartOptions => ({
  activateAfter: name,
  activateTokens: tokens.join(','),
});

/** What another program does with the files of an adapter whose start they cannot say. */
export const startLost = (program: string, options: StartOptions): string =>
  `This adapter starts ${startText(options)}, which the files of ${program} cannot say: there it acts on every token, so its answers differ.`;

/** The point after which an adapter acts, for people: 'after "middle"'. */
export const startText = ({ activateAfter }: MethodOptions | StartOptions): string =>
  activateAfter === AT_ANSWER ? 'at the answer' : `after ${JSON.stringify(activateAfter)}`;
