import type { ChatMessage, RenderOptions } from './chat-template.ts';
import { BadRow } from './row.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Templates that print the date get this one, because training must give the same bits on another day. */
const TRAINING_DATE = new Date('2025-01-01T00:00:00Z');

/** A half-open range of characters in a rendered conversation. */
export interface Span {
  start: number;
  end: number;
}

export interface RenderedChat {
  text: string;
  answers: Span[];
}

/**
 * Renders a conversation with the chat template, and finds the answers in it. An answer begins after everything that comes before
 * the turn (with the generation prompt) and ends with the turn. To find it, prefixes are rendered and compared. If the template
 * rewrites earlier turns (those of reasoning models drop old thoughts), the turn's own words are searched in the text.
 * Throws BadRow if these are not found either.
 *
 * @param from messages before this index are never answers
 */
export function renderAnswers(
  tokenizer: Tokenizer,
  messages: ChatMessage[],
  options: { tools?: unknown[]; from?: number; wantAnswers: boolean },
): RenderedChat {
  const { tools, from = 0, wantAnswers } = options;
  const render = (count: number, addGenerationPrompt: boolean): string => {
    const settings: RenderOptions = { addGenerationPrompt, date: TRAINING_DATE, ...(tools ? { tools } : {}) };
    return tokenizer.renderChat!(count === messages.length ? messages : messages.slice(0, count), settings);
  };
  const text = explained(() => render(messages.length, false));
  const answers: Span[] = [];
  if (!wantAnswers) return { text, answers };

  let cursor = 0;
  for (let i = from; i < messages.length; i++) {
    if (messages[i]!.role !== 'assistant') continue;
    const span = findTurn(text, messages, i, cursor, render);
    answers.push(span);
    cursor = span.end;
  }
  return { text, answers };
}

function findTurn(
  text: string,
  messages: ChatMessage[],
  index: number,
  cursor: number,
  render: (count: number, addGenerationPrompt: boolean) => string,
): Span {
  const content = (messages[index]!.content ?? '').trim();
  // Some templates do not accept an empty prefix or half a conversation. That is not an error of the row.
  const before = index === 0 ? attempt(() => render(0, true)) : attempt(() => render(index, true));
  const through = index + 1 === messages.length ? text : attempt(() => render(index + 1, false));

  const stableStart = before !== undefined && before.length >= cursor && text.startsWith(before);
  const found = content === '' ? -1 : text.indexOf(content, stableStart ? before.length : cursor);
  const start = stableStart ? before.length : found;
  if (start < 0) throw unstable(index);
  if (through !== undefined && through.length >= start && text.startsWith(through))
    return { start, end: through.length };
  if (found < 0) throw unstable(index);
  const end = found + content.length;
  return { start, end: end + closing(through, content, text, end) };
}

/** The length of the text that closes the turn in the rendered prefix, if the same text follows at `end`; else 0. */
function closing(through: string | undefined, content: string, text: string, end: number): number {
  if (through === undefined) return 0;
  const at = through.lastIndexOf(content);
  if (at < 0) return 0;
  const tail = through.slice(at + content.length);
  return text.startsWith(tail, end) ? tail.length : 0;
}

function unstable(index: number): BadRow {
  return new BadRow(
    `the chat template rewrites the conversation, so the answer in message ${index + 1} cannot be found; ` +
      'set Loss on to "all" to train on whole conversations',
    'template',
  );
}

function attempt(render: () => string): string | undefined {
  try {
    return render();
  } catch {
    return undefined;
  }
}

function explained(render: () => string): string {
  try {
    return render();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BadRow(`the model's chat template refuses this conversation: ${reason.split('\n')[0]}`, 'template');
  }
}
