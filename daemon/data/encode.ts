import { renderAnswers, type Span } from './answers.ts';
import type { Example } from './example.ts';
import { fillInTheMiddle } from './fim.ts';
import type { Sample } from './formats/format.ts';
import { isObject } from '../formats/json.ts';
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
  /** Tokens of the whole row, before anything was cut. */
  tokens: number;
  /** What the row has, but the chat template does not write. */
  unwritten?: readonly Unwritten[];
}

/** Parts of a conversation that some chat templates do not write. */
export type Unwritten = 'reasoning' | 'tools' | 'toolResults' | 'system';

/** Token ids of a row, and which of them count in the loss. Throws BadRow if the row cannot be written for this model. */
export function encodeSample(sample: Sample, options: EncodeOptions): Encoded {
  switch (sample.kind) {
    case 'chat':
      return encodeChat(sample, options);
    case 'pair':
      if (options.tokenizer.renderChat) return encodeChat({ ...sample, kind: 'chat' }, options);
      return encodePair(sample.prompt, sample.completion, options);
    case 'text':
      return encodeText(encodeWhole(options.tokenizer, sample.text), options);
    case 'code':
      return encodeCode(sample.text, options);
  }
}

type ChatSample = Extract<Sample, { kind: 'chat' }>;

function encodeChat(sample: ChatSample, options: EncodeOptions): Encoded {
  const { tokenizer, lossOn } = options;
  if (!tokenizer.renderChat) {
    throw new BadRow(
      'the base model has no chat template, so it cannot read conversations; use an instruct model, or rows of ' +
        'prompt and completion or of text',
      'template',
    );
  }
  const { messages, tools, from, unlearned = [] } = sample;
  const wantAnswers = lossOn === 'answer';
  const isMarked = (message: number): boolean => unlearned.includes(message);
  const rendered = renderAnswers(tokenizer, messages, {
    wantAnswers: wantAnswers || unlearned.length > 0,
    only: (message) => isMarked(message) !== wantAnswers,
    ...(tools ? { tools } : {}),
    ...(from === undefined ? {} : { from }),
  });
  const ids = tokenizer.encode(rendered.text, { addSpecialTokens: false });
  const counts = new Uint8Array(ids.length).fill(wantAnswers ? 0 : 1);
  // With the loss on all, the answers that were searched are those that are not to be learned.
  markSpans(tokenizer, rendered.text, ids, rendered.answers, counts, wantAnswers ? 1 : 0);
  const unwritten = unwrittenIn(sample, rendered.text);
  return { ...cutTo(options.length, ids, counts), ...(unwritten.length > 0 ? { unwritten } : {}) };
}

/**
 * What the template left out of a conversation. Throws BadRow if that is a tool call: an empty answer would be learned in its place.
 */
function unwrittenIn({ messages, tools }: ChatSample, text: string): Unwritten[] {
  const found: Unwritten[] = [];
  const thoughts = messages.map((message) =>
    ['reasoning_content', 'thinking', 'reasoning'].map((name) => message[name]),
  );
  const thought = thoughts.flat().filter((one) => typeof one === 'string' && one.trim() !== '') as string[];
  // Templates of reasoning models drop old thoughts on purpose, so one that is written is enough.
  if (thought.length > 0 && !thought.some((one) => text.includes(one.trim()))) found.push('reasoning');
  const named = (one: unknown): string | undefined => {
    const inner = isObject(one) && isObject(one['function']) ? one['function'] : one;
    return isObject(inner) && typeof inner['name'] === 'string' ? inner['name'] : undefined;
  };
  const isWritten = (name: string | undefined): boolean => name === undefined || text.includes(name);
  if (tools && tools.length > 0 && !tools.every((one) => isWritten(named(one)))) found.push('tools');
  for (const { role, content, tool_calls: calls } of messages) {
    if (Array.isArray(calls) && !calls.every((one) => isWritten(named(one))))
      throw new BadRow(
        'the chat template of the base model does not write tool calls, so the model would learn an empty answer; choose a base model that calls tools',
        'template',
      );
    const words = (content ?? '').trim();
    if (
      words === '' ||
      text.includes(words.slice(0, 40)) ||
      text.includes(JSON.stringify(words.slice(0, 40)).slice(1, -1))
    )
      continue;
    if (role === 'tool' || role === 'ipython') found.push('toolResults');
    if (role === 'system' || role === 'developer') found.push('system');
  }
  return [...new Set(found)];
}

/**
 * Gives the tokens of each span this mark. The text is tokenised as a whole, as at inference. A token counts if any of its characters stands
 * in a span, as in transformers.
 */
function markSpans(
  tokenizer: Tokenizer,
  text: string,
  ids: number[],
  spans: Span[],
  counts: Uint8Array,
  mark: 0 | 1,
): void {
  for (const { start, end } of spans) {
    if (end > start)
      counts.fill(
        mark,
        tokensBefore(tokenizer, text, ids, start, false),
        tokensBefore(tokenizer, text, ids, end, true),
      );
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
  const ids = encodeWhole(tokenizer, prompt + completion);
  if (tokenizer.eosId !== undefined && ids.at(-1) !== tokenizer.eosId) ids.push(tokenizer.eosId);
  const counts = new Uint8Array(ids.length).fill(1);
  if (lossOn === 'answer') {
    const before = encodeWhole(tokenizer, prompt);
    let shared = 0;
    while (shared < before.length && before[shared] === ids[shared]) shared++;
    counts.fill(0, 0, shared);
  }
  return cutTo(length, ids, counts);
}

/** Ids of a whole text. Rows that a chat template wrote begin with the beginning-of-text token already; it is not added again. */
function encodeWhole(tokenizer: Tokenizer, text: string): number[] {
  const ids = tokenizer.encode(text);
  return ids.length > 1 && ids[0] === tokenizer.bosId && ids[1] === ids[0] ? ids.slice(1) : ids;
}

function encodeText(ids: number[], { windows, length }: EncodeOptions): Encoded {
  if (windows === 'cut' || ids.length <= length + 1) {
    return cutTo(windows === 'cut' ? length : length + 1, ids, new Uint8Array(ids.length).fill(1));
  }
  return { examples: windowsOf(ids, length + 1).map(allCount), cut: false, tokens: ids.length };
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
  return { examples, cut: false, tokens: ids.length };
}

function allCount(ids: number[]): Encoded['examples'][number] {
  return { ids: Int32Array.from(ids), counts: new Uint8Array(ids.length).fill(1) };
}

function cutTo(length: number, ids: number[], counts: Uint8Array): Encoded {
  const cut = ids.length > length;
  const kept = cut ? ids.slice(0, length) : ids;
  return { examples: [{ ids: Int32Array.from(kept), counts: counts.slice(0, kept.length) }], cut, tokens: ids.length };
}
