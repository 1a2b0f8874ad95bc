import { renderAnswers, type Span } from './answers.ts';
import type { Example } from './example.ts';
import { fillInTheMiddle } from './fim.ts';
import type { Sample } from './formats/format.ts';
import { BadRow } from './row.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface EncodeOptions {
  tokenizer: Tokenizer;
  /** Input tokens in a row of a batch. */
  length: number;
  lossOn: 'answer' | 'all';
  /** What to do with text and code longer than `length`: use only the beginning, or cut it into windows. */
  windows: 'cut' | 'split';
  /** The share of code windows that become fill-in-the-middle. */
  fimRate: number;
  /** Random numbers for fill-in-the-middle, seeded by the row. */
  random: () => number;
}

export interface Encoded {
  examples: Pick<Example, 'ids' | 'counts'>[];
  /** The row was longer than `length` and its end was cut off. */
  cut: boolean;
}

/** Token ids of a row, and which of them count in the loss. Throws BadRow if the row cannot be written for this model. */
export function encodeSample(sample: Sample, options: EncodeOptions): Encoded {
  switch (sample.kind) {
    case 'chat':
      return encodeChat(sample, options);
    case 'pair':
      if (options.tokenizer.renderChat) return encodeChat({ ...sample, kind: 'chat' }, options);
      return encodePair(sample.prompt, sample.completion, options);
    case 'text':
      return encodeText(options.tokenizer.encode(sample.text), options);
    case 'code':
      return encodeCode(sample.text, options);
  }
}

function encodeChat(sample: Extract<Sample, { kind: 'chat' }>, options: EncodeOptions): Encoded {
  const { tokenizer, lossOn } = options;
  if (!tokenizer.renderChat) {
    throw new BadRow(
      'the base model has no chat template, so it cannot read conversations; use an instruct model, or rows of ' +
        'prompt and completion or of text',
      'template',
    );
  }
  const { messages, tools, from } = sample;
  const wantAnswers = lossOn === 'answer';
  const rendered = renderAnswers(tokenizer, messages, {
    wantAnswers,
    ...(tools ? { tools } : {}),
    ...(from === undefined ? {} : { from }),
  });
  const ids = tokenizer.encode(rendered.text, { addSpecialTokens: false });
  const counts = new Uint8Array(ids.length);
  if (wantAnswers) markSpans(tokenizer, rendered.text, ids, rendered.answers, counts);
  else counts.fill(1);
  return cutTo(options.length, ids, counts);
}

/**
 * Marks the tokens of each span. The text is tokenised as a whole, as at inference. A token counts if any of its characters stands
 * in a span, as in transformers.
 */
function markSpans(tokenizer: Tokenizer, text: string, ids: number[], spans: Span[], counts: Uint8Array): void {
  for (const { start, end } of spans) {
    if (end > start)
      counts.fill(1, tokensBefore(tokenizer, text, ids, start, false), tokensBefore(tokenizer, text, ids, end, true));
  }
}

/** How many of the ids of `text` end at or before a place in it. With `begun`, one that begins before the place counts too. */
function tokensBefore(tokenizer: Tokenizer, text: string, ids: number[], place: number, begun: boolean): number {
  if (place === 0) return 0;
  if (place === text.length) return ids.length;
  const prefix = tokenizer.encode(text.slice(0, place), { addSpecialTokens: false });
  let shared = 0;
  while (shared < prefix.length && prefix[shared] === ids[shared]) shared++;
  if (shared === prefix.length) return shared;
  // A token stands across the place, and the tokens before it may be others too. Their texts say where the place is.
  const rest = tokenizer.decode(prefix.slice(shared)).length;
  let count = shared;
  let done = 0;
  while (count < ids.length && done < rest) {
    done = tokenizer.decode(ids.slice(shared, count + 1)).length;
    if (done > rest && !begun) break;
    count++;
  }
  return count;
}

/** Joins prompt and completion, with the end-of-text token at the end. */
function encodePair(prompt: string, completion: string, options: EncodeOptions): Encoded {
  const { tokenizer, lossOn, length } = options;
  const ids = tokenizer.encode(prompt + completion);
  if (tokenizer.eosId !== undefined && ids.at(-1) !== tokenizer.eosId) ids.push(tokenizer.eosId);
  const counts = new Uint8Array(ids.length).fill(1);
  if (lossOn === 'answer') {
    const before = tokenizer.encode(prompt);
    let shared = 0;
    while (shared < before.length && before[shared] === ids[shared]) shared++;
    counts.fill(0, 0, shared);
  }
  return cutTo(length, ids, counts);
}

function encodeText(ids: number[], { windows, length }: EncodeOptions): Encoded {
  if (windows === 'cut' || ids.length <= length + 1) {
    return cutTo(windows === 'cut' ? length : length + 1, ids, new Uint8Array(ids.length).fill(1));
  }
  return { examples: windowsOf(ids, length + 1).map(allCount), cut: false };
}

/** Windows of `size` ids that overlap by one, so that every token except the first is predicted exactly once. */
function windowsOf(ids: number[], size: number): number[][] {
  const out: number[][] = [];
  for (let start = 0; start + 1 < ids.length; start += size - 1) out.push(ids.slice(start, start + size));
  return out;
}

/** A file and the end-of-text token. A random share of its windows becomes fill-in-the-middle, if the tokenizer has tokens for it. */
function encodeCode(text: string, options: EncodeOptions): Encoded {
  const { tokenizer, windows, length, fimRate, random } = options;
  const body = tokenizer.encode(text);
  const ids = tokenizer.eosId !== undefined && body.at(-1) !== tokenizer.eosId ? [...body, tokenizer.eosId] : body;
  const fim = fimRate > 0 ? tokenizer.fim : undefined;
  if (windows === 'cut' || !fim) return encodeText(ids, options);

  const size = length + 1;
  // The three marks and the end take four ids, and cutting a token in two at the gap may add some more.
  const chunk = Math.max(2, size - 12);
  const examples: Encoded['examples'] = [];
  for (let start = 0; start + 1 < ids.length || start === 0;) {
    const wanted = random() < fimRate;
    const window = ids.slice(start, start + (wanted ? chunk : size));
    const source = window.at(-1) === tokenizer.eosId ? window.slice(0, -1) : window;
    const around = wanted ? tokenizer.decode(source, { skipSpecialTokens: true }) : '';
    // A window may begin or end inside a character. From such a text the model would learn the replacement character.
    const filled =
      wanted && !around.includes('\uFFFD') ? fillInTheMiddle(around, tokenizer, fim, random, size) : undefined;
    examples.push(allCount(filled ?? window));
    start += window.length - 1;
    if (window.length < 2) break;
  }
  return { examples, cut: false };
}

function allCount(ids: number[]): Encoded['examples'][number] {
  return { ids: Int32Array.from(ids), counts: new Uint8Array(ids.length).fill(1) };
}

function cutTo(length: number, ids: number[], counts: Uint8Array): Encoded {
  const cut = ids.length > length;
  const kept = cut ? ids.slice(0, length) : ids;
  return { examples: [{ ids: Int32Array.from(kept), counts: counts.slice(0, kept.length) }], cut };
}
