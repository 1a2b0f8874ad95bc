import { encodeSample, type EncodeOptions } from './encode.ts';
import type { Sample } from './formats/format.ts';
import type { Tokenizer } from './tokenizer.ts';

/** The tokens of a whole row, before anything is cut off. */
export interface Counted {
  ids: Int32Array;
  /** 1 where the token counts in the loss. */
  counts: Uint8Array;
}

/** Characters of the rendered row that are shown. The middle of a longer row is left out. */
const SHOWN = 3000;
/** The brackets around text that counts in the loss. */
export const BRACKETS = ['\u27e6', '\u27e7'] as const;

/** The tokens of a row as training makes them, but without cutting anything off. Throws BadRow. */
export function countRow(sample: Sample, tokenizer: Tokenizer, lossOn: EncodeOptions['lossOn']): Counted {
  const options = { tokenizer, length: Infinity, lossOn, windows: 'cut', fimRate: 0, random: () => 0 } as const;
  return encodeSample(sample, options).examples[0]!;
}

/** Long text and code become several windows. Conversations and pairs are cut off at the end. */
export const isCutAtEnd = (sample: Sample): boolean => sample.kind === 'chat' || sample.kind === 'pair';

/** The row as the model sees it, with brackets around what counts in the loss, and a mark where the row is cut. */
export function renderedText({ ids, counts }: Counted, cut: number, tokenizer: Tokenizer): string {
  let out = '';
  for (let i = 0; i < ids.length;) {
    let end = i + 1;
    while (end < ids.length && counts[end] === counts[i] && end !== cut) end++;
    const text = tokenizer.decode([...ids.subarray(i, end)]);
    out += (i === cut ? '\n--- cut here ---\n' : '') + (counts[i] === 1 ? BRACKETS.join(text) : text);
    i = end;
  }
  if (out.length <= SHOWN) return out;
  const left = (out.length - SHOWN).toLocaleString('en-US');
  return `${out.slice(0, SHOWN / 2)}\n... ${left} characters ...\n${out.slice(-SHOWN / 2)}`;
}
