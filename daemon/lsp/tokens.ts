import { wholeText } from '../protocol/text.ts';
import type { Sample } from '../data/formats/format.ts';
import { type Counted, countRow, isCutAtEnd } from '../data/rendered.ts';
import { BadRow } from '../data/row.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import { badRowProblem } from './check.ts';
import type { Shape } from './parse.ts';
import type { Problem } from './problems.ts';
import type { Settings } from './settings.ts';

/** The tokens of a row: all of them, those that training uses, and those that count in the loss. */
export interface Tokens {
  tokens: number;
  kept: number;
  inLoss: number;
  problems: Problem[];
}

export function tokensOf(text: string, shape: Shape, sample: Sample, tokenizer: Tokenizer, settings: Settings): Tokens {
  const { length, lossOn } = settings;
  let counted: Counted;
  try {
    counted = countRow(sample, tokenizer, lossOn);
  } catch (error) {
    if (!(error instanceof BadRow)) throw error;
    return { tokens: 0, kept: 0, inLoss: 0, problems: [badRowProblem(text, shape, error)] };
  }
  const { ids, counts } = counted;
  const whole = { start: 0, end: Math.min(text.length, 200) };
  const countedIn = (end: number): number => counts.subarray(1, end).reduce((sum, count) => sum + count, 0);
  const tokens = ids.length;
  const all = countedIn(tokens);
  if (!isCutAtEnd(sample) || tokens <= length) {
    const message = 'no token of this row counts in the loss, so training skips the row';
    return {
      tokens,
      kept: tokens,
      inLoss: all,
      problems: all > 0 ? [] : [{ code: 'nothing-learned', message, ...whole }],
    };
  }
  const inLoss = countedIn(length);
  const size = `the row has ${wholeText(tokens)} tokens, and training uses the first ${wholeText(length)}`;
  const lost = all - inLoss;
  const problem: Problem =
    inLoss === 0
      ? {
          code: 'nothing-learned',
          message: `${size}; no answer is among them, so training skips the row; raise the length or shorten the row`,
          ...whole,
        }
      : {
          code: 'cut',
          message: `${size}; the rest is cut off${lost > 0 ? `, with ${wholeText(lost)} of the ${wholeText(all)} tokens counted in the loss` : ''}`,
          ...whole,
        };
  return { tokens, kept: length, inLoss, problems: [problem] };
}
