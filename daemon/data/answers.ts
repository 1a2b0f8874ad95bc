import type { ChatMessage, RenderedConversation, RenderOptions } from './chat-template.ts';
import { BadRow } from './row.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Templates that print the date get this one, because training must give the same bits on another day. */
const TRAINING_DATE = new Date('2025-01-01T00:00:00Z');

/** A text that no template writes itself. It stands for the words of a turn when only the place of the words is asked. */
const PLACEHOLDER = '\uF8FF';

/** A half-open range of characters in a rendered conversation. */
export interface Span {
  start: number;
  end: number;
}

export interface RenderedChat {
  text: string;
  answers: Span[];
}

/** Renders the first `count` messages. */
type Render = (count: number, addGenerationPrompt: boolean) => string | undefined;

interface Conversation {
  readonly messages: ChatMessage[];
  readonly whole: RenderedConversation;
  /** Undefined if the template refuses: some do not accept an empty prefix or half a conversation. */
  readonly prefix: Render;
  /** The whole conversation with other words in one turn; undefined if the template refuses it. */
  readonly withWords: (index: number, words: string) => string | undefined;
}

/**
 * Renders a conversation with the chat template, and finds the answers in it: what the model itself would write. If the template
 * marks that with `{% generation %}`, the marks are used. Else an answer begins after all that comes before the turn and the
 * generation prompt, and ends with the turn. This is found by rendering prefixes. A template may write a turn otherwise once others
 * follow it (those of reasoning models drop old thoughts). Then what it wrote while it looped over the message is the turn. The
 * words of an answer are never searched in the text, because others may have said them before. Throws BadRow if a turn is not found.
 *
 * @param from messages before this index are never answers
 * @param only whether the assistant's message with this index is wanted
 */
export function renderAnswers(
  tokenizer: Tokenizer,
  messages: ChatMessage[],
  options: { tools?: unknown[]; from?: number; wantAnswers: boolean; only?: (message: number) => boolean },
): RenderedChat {
  const { tools, from = 0, wantAnswers, only = () => true } = options;
  const settings: RenderOptions = { date: TRAINING_DATE, ...(tools ? { tools } : {}) };
  const whole = explained(() => tokenizer.renderConversation!(messages, settings));
  const { text, habit } = whole;
  if (!wantAnswers) return { text, answers: [] };

  const rendered = (list: ChatMessage[], addGenerationPrompt = false) =>
    attempt(() => tokenizer.renderConversation!(list, { ...settings, habit, addGenerationPrompt }));
  const conversation: Conversation = {
    messages,
    whole,
    prefix: (count, addGenerationPrompt) => rendered(messages.slice(0, count), addGenerationPrompt)?.text,
    withWords: (index, words) => rendered(messages.with(index, { ...messages[index]!, content: words }))?.text,
  };
  const wanted = messages.flatMap(({ role }, i) => (role === 'assistant' && i >= from && only(i) ? [i] : []));
  const marked = whole.generated.length > 0 ? markedTurns(conversation, wanted, rendered) : undefined;
  return { text, answers: marked ?? wanted.map((index) => findTurn(conversation, index)) };
}

/** The marks of the wanted turns; undefined if marks and turns cannot be matched. */
function markedTurns(
  { messages, whole }: Conversation,
  wanted: number[],
  rendered: (list: ChatMessage[]) => RenderedConversation | undefined,
): Span[] | undefined {
  const { generated, text } = whole;
  const spans = generated.map(({ start, end }) => ({ start, end: Math.min(end, text.length) }));
  const turns = messages.flatMap(({ role }, i) => (role === 'assistant' ? [i] : []));
  if (wanted.length === turns.length) return spans;
  if (spans.length === turns.length) return spans.filter((_, n) => wanted.includes(turns[n]!));
  // A template may mark a turn in several pieces or not at all. The marks of a prefix are those of its turns.
  const marksBefore = (count: number): number | undefined =>
    count === 0 ? 0 : rendered(messages.slice(0, count))?.generated.length;
  const chosen: Span[] = [];
  for (const index of wanted) {
    const [first, end] = [marksBefore(index), marksBefore(index + 1)];
    if (first === undefined || end === undefined) return undefined;
    chosen.push(...spans.slice(first, end));
  }
  return chosen;
}

function findTurn(conversation: Conversation, index: number): Span {
  const start = startOf(conversation, index);
  const end = start === undefined ? undefined : endOf(conversation, index, start);
  if (start === undefined || end === undefined || end < start) throw unstable(index);
  return { start, end };
}

/** What the template wrote while it looped over a message, if it did so in one piece. */
function pieceOf({ whole }: Conversation, index: number): Span | undefined {
  const pieces = whole.turns.filter(({ message }) => message === index);
  return pieces.length === 1 ? pieces[0] : undefined;
}

function startOf(conversation: Conversation, index: number): number | undefined {
  const { prefix } = conversation;
  const { text } = conversation.whole;
  const before = prefix(index, true);
  if (before !== undefined && (index > 0 || before !== '') && text.startsWith(before)) return before.length;

  // The generation prompt may say more than a stored turn does, such as "<think>". What both say is not the model's.
  const bare = prefix(index, false);
  const prompt = before !== undefined && bare !== undefined && before.startsWith(bare) ? before.slice(bare.length) : '';
  const piece = pieceOf(conversation, index);
  const turn = piece?.start ?? (bare !== undefined && text.startsWith(bare) ? bare.length : undefined);
  if (turn === undefined) return undefined;
  const opening = prompt === '' ? generationPrompt(conversation) : prompt;
  const shared = turn + sharedLength(text.slice(turn), opening);
  // Words that begin like the rest of the generation prompt are the model's all the same.
  const words = conversation.withWords(index, PLACEHOLDER);
  return Math.min(shared, Math.max(turn, words === undefined ? Infinity : sharedLength(words, text)));
}

/** What the template writes to ask for an answer, from the first prefix that it accepts. */
function generationPrompt({ messages, prefix }: Conversation): string {
  for (let count = 1; count <= messages.length; count++) {
    const [asked, bare] = [prefix(count, true), prefix(count, false)];
    if (asked !== undefined && bare !== undefined && asked.length > bare.length && asked.startsWith(bare))
      return asked.slice(bare.length);
  }
  return '';
}

function endOf(conversation: Conversation, index: number, start: number): number | undefined {
  const { messages, prefix } = conversation;
  const { text } = conversation.whole;
  if (index + 1 === messages.length) return text.length;
  const through = prefix(index + 1, false);
  if (through !== undefined && through.length >= start && text.startsWith(through)) return through.length;
  const piece = pieceOf(conversation, index);
  if (piece) return piece.end;
  // Some templates end every conversation with one more token. Whatever the prefix says besides is that end.
  const shared = through === undefined ? 0 : sharedLength(through, text);
  return through !== undefined && shared > start && text.endsWith(through.slice(shared)) ? shared : undefined;
}

function sharedLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a.charCodeAt(length) === b.charCodeAt(length)) length++;
  return length;
}

function unstable(index: number): BadRow {
  return new BadRow(
    `the chat template rewrites the conversation, so the answer in message ${index + 1} cannot be found; ` +
      'set Loss on to "all" to train on whole conversations',
    'template',
  );
}

function attempt<T>(render: () => T): T | undefined {
  try {
    return render();
  } catch {
    return undefined;
  }
}

function explained<T>(render: () => T): T {
  try {
    return render();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BadRow(`the model's chat template refuses this conversation: ${reason.split('\n')[0]}`, 'template');
  }
}
