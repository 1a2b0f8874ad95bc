import { encodeSample } from '../data/encode.ts';
import type { Sample } from '../data/formats/format.ts';
import { BadRow } from '../data/row.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import { badRowProblem } from './check.ts';
import type { Shape } from './parse.ts';
import type { Problem } from './problems.ts';
import type { Settings } from './settings.ts';

/** A whole row in tokens, before anything is cut. */
export interface Counted {
  ids: Int32Array;
  /** 1 where the token is learned. */
  counts: Uint8Array;
}

/** What a row costs: all its tokens, those that training takes, and those that are learned. */
export interface Tokens {
  tokens: number;
  kept: number;
  learned: number;
  problems: Problem[];
}

/** Tokens of a row as training would make them, nothing cut. Throws BadRow. */
export function countRow(sample: Sample, tokenizer: Tokenizer, lossOn: Settings['lossOn']): Counted {
  const options = { tokenizer, length: Infinity, lossOn, windows: 'cut', fimRate: 0, random: () => 0 } as const;
  return encodeSample(sample, options).examples[0]!;
}

/** Text and code become windows over all of it; conversations and pairs are cut at their end. */
export const isCutAtEnd = (sample: Sample): boolean => sample.kind === 'chat' || sample.kind === 'pair';

export function tokensOf(text: string, shape: Shape, sample: Sample, tokenizer: Tokenizer, settings: Settings): Tokens {
  const { length, lossOn } = settings;
  let counted: Counted;
  try {
    counted = countRow(sample, tokenizer, lossOn);
  } catch (error) {
    if (!(error instanceof BadRow)) throw error;
    return { tokens: 0, kept: 0, learned: 0, problems: [badRowProblem(text, shape, error)] };
  }
  const { ids, counts } = counted;
  const whole = { start: 0, end: Math.min(text.length, 200) };
  const learnedIn = (end: number): number => counts.subarray(1, end).reduce((sum, count) => sum + count, 0);
  const tokens = ids.length;
  const all = learnedIn(tokens);
  if (!isCutAtEnd(sample) || tokens <= length) {
    const message = 'no token of this row is learned: it is left out';
    return {
      tokens,
      kept: tokens,
      learned: all,
      problems: all > 0 ? [] : [{ code: 'nothing-learned', message, ...whole }],
    };
  }
  const learned = learnedIn(length);
  const size = `${tokens.toLocaleString('en-US')} tokens, and training takes ${length.toLocaleString('en-US')} of a row`;
  const lost = all - learned;
  const problem: Problem =
    learned === 0
      ? {
          code: 'nothing-learned',
          message: `${size}: no answer is within them, so the row is left out; raise the length or shorten the row`,
          ...whole,
        }
      : {
          code: 'cut',
          message: `${size}: the rest is cut${lost > 0 ? `, with ${lost.toLocaleString('en-US')} of ${all.toLocaleString('en-US')} learned tokens` : ''}`,
          ...whole,
        };
  return { tokens, kept: length, learned, problems: [problem] };
}
