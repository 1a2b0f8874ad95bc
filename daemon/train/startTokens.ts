import type { Tokenizer } from '../data/tokenizer.ts';
import type { MethodOptions } from '../methods/method.ts';
import { AT_ANSWER, startAt } from '../methods/start.ts';
import { settingError } from '../settings/setting.ts';

/** 'tokens 49154 198': the tokens themselves, as an adapter of another program gives them. */
const NUMBERS = /^tokens( \d+)+$/;

/** The options with the tokens at which the adapter starts. Throws VeraError 'usage' if the base does not have them. */
export function startTokens(options: MethodOptions, tokenizer: Tokenizer): MethodOptions {
  const { activateAfter } = options;
  if (typeof activateAfter !== 'string' || activateAfter === AT_ANSWER) return options;
  return { ...options, ...startAt(activateAfter, tokensOf(activateAfter, tokenizer)) };
}

function tokensOf(text: string, tokenizer: Tokenizer): readonly number[] {
  if (NUMBERS.test(text)) return text.split(' ').slice(1).map(Number);
  if (text !== 'middle') return tokenizer.encode(text, { addSpecialTokens: false });
  if (tokenizer.fim && !tokenizer.fim.suffixFirst) return [tokenizer.fim.middle];
  throw settingError(
    'the base has no token before a middle, so an adapter cannot start there; choose another value for Start after, or another base',
    'activateAfter',
    'base',
  );
}
