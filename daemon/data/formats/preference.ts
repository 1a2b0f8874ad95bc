import { isObject } from '../../formats/json.ts';
import { besideFields } from '../messages/beside.ts';
import { readMessages, type Messages } from '../messages/messages.ts';
import { choiceOf, preferenceColumns, type Choice } from '../messages/preferences.ts';
import { BadRow, LeftOut, type Row } from '../row.ts';
import { chatSample, messagePlace } from './chat.ts';
import { describe, faultOf, isListLike, listField, optionalString, stringField } from './fields.ts';
import type { RowFormat, Sample } from './format.ts';
import { pairSample } from './pair.ts';

/** Columns with the conversation before the answers. */
const CONTEXTS = ['messages', 'conversations', 'prompt', 'conversation', 'contents', 'context'];
/** Columns with a question before the answers. */
const QUESTIONS = ['prompt', 'instruction', 'question', 'query', 'input', 'history'];

/**
 * Rows with a preferred and a rejected answer, as DPO and reward models use them: `{"prompt": ..., "chosen": ..., "rejected": ...}`.
 * The preferred answer is learned, the rejected one never. Rows that do not say which answer is preferred are left out.
 */
export const preference: RowFormat = {
  name: 'preference',
  label: 'preference rows (the preferred answers are learned)',
  columns: 'chosen, rejected and usually prompt',
  example: { prompt: 'Hello', chosen: 'Hi!', rejected: 'Go away.' },
  fields: [
    { name: 'chosen', needed: true, aliases: ['preferred', 'accepted', 'winner_response'] },
    { name: 'rejected', needed: true, aliases: ['dispreferred', 'refused', 'loser_response'] },
    ...[...new Set([...CONTEXTS, ...QUESTIONS, ...preferenceColumns])].map((name) => ({ name })),
    ...besideFields.filter(({ name }) => name !== 'history'),
  ],
  matches: (row) => choiceOf(row) !== undefined,
  read(row) {
    const choice = choiceOf(row);
    if (!choice) {
      const missing = ['chosen', 'rejected'].find((name) => row[name] === undefined) ?? 'chosen';
      throw new BadRow(`"${missing}" must be an answer, found ${describe(row[missing])}`, faultOf(row[missing]), [
        missing,
      ]);
    }
    if ('leftOut' in choice) throw new LeftOut(choice.leftOut);
    return sampleOf(row, choice);
  },
  // Nothing but such a row says which answer was rejected.
  write: () => undefined,
  place(row, sample, part) {
    const choice = choiceOf(row);
    const chosen = choice && 'column' in choice ? choice.column : 'chosen';
    const context = contextOf(row) ?? QUESTIONS.find((name) => name in row) ?? chosen;
    if (part === 'question') return [context];
    if (typeof part === 'string') return [chosen];
    const from = sample.kind === 'chat' ? (sample.from ?? 0) : 0;
    if (part.message >= from || context === chosen) return [chosen];
    return Array.isArray(row[context]) ? messagePlace(row, sample, context, part) : [context];
  },
};

const contextOf = (row: Row): string | undefined =>
  CONTEXTS.find((column) => Array.isArray(row[column]) || isJsonList(row[column]));
/** A prompt may begin with a bracket. JSON text of messages begins with an object. */
const isJsonList = (value: unknown): boolean =>
  typeof value === 'string' && /^\s*\[\s*\{\s*"(?:role|from|content|value)"/.test(value);

function sampleOf(row: Row, { column, preferred, rejected }: Extract<Choice, { column: string }>): Sample {
  const answer = messagesIn(preferred, column);
  // A whole dialogue repeats its prompt.
  if (answer && answer.messages[0]!.role !== 'assistant') {
    return chatSample(row, answer, firstAnswer(answer, messagesIn(rejected, column)));
  }
  const context = contextIn(row);
  if (context) {
    const from = context.messages.length;
    const added = answer ?? oneAnswer(preferred, column);
    const joined: Messages = {
      messages: [...context.messages, ...added.messages],
      origins: [...context.origins, ...added.origins.map(() => -1)],
      unlearned: [...context.unlearned, ...added.unlearned.map((i) => i + from)],
      ...(context.tools ? { tools: context.tools } : {}),
    };
    return chatSample(inputOf(row), joined, from);
  }
  const named = QUESTIONS.find((name) => typeof row[name] === 'string' && row[name] !== '');
  if (named === undefined) {
    if (answer) return chatSample(row, answer);
    if (QUESTIONS.some((name) => name in row)) return pairSample(row, '', textOf(preferred, column));
    return { kind: 'text', text: textOf(preferred, column) };
  }
  const input = named === 'instruction' ? optionalString(row, 'input' in row ? 'input' : 'context') : '';
  const question = input === '' ? stringField(row, named) : `${stringField(row, named)}\n\n${input}`;
  const others = named === 'history' ? { ...row, history: undefined } : row;
  if (answer) {
    const messages = [{ role: 'user', content: question }, ...answer.messages];
    return chatSample(others, { ...answer, messages, origins: messages.map(() => -1) }, 1);
  }
  const dialogue = dialogueIn(question);
  if (dialogue) {
    const messages = [...dialogue, { role: 'assistant', content: textOf(preferred, column).trim() }];
    return chatSample(others, { messages, origins: messages.map(() => -1), unlearned: [] }, dialogue.length);
  }
  return pairSample(others, question, textOf(preferred, column));
}

/** OpenAI writes the conversation and its tools into `input`. */
function inputOf(row: Row): Row {
  const { input } = row;
  return isObject(input) && Array.isArray(input['messages']) ? { ...row, ...input } : row;
}

/** The conversation before the answers, if it is a list of messages. */
function contextIn(row: Row): Messages | undefined {
  const { input } = row;
  if (isObject(input) && Array.isArray(input['messages'])) return readMessages(input['messages'], 'input.messages');
  const column = contextOf(row);
  if (column === undefined) return undefined;
  return readMessages(listField(row, column), column);
}

/** Where the preferred dialogue begins to differ from the rejected one; at least its last answer. */
function firstAnswer({ messages }: Messages, other: Messages | undefined): number {
  const last = messages.findLastIndex(({ role }) => role === 'assistant');
  if (last < 0) throw new BadRow('the preferred dialogue has no answer of the assistant', 'empty', ['chosen']);
  const first = other
    ? messages.findIndex((message, i) => JSON.stringify(message) !== JSON.stringify(other.messages[i]))
    : last;
  return first < 0 ? last : Math.min(first, last);
}

/** An answer that is a message, a list of messages or a dialogue in the form of Anthropic's HH; undefined if it is text alone. */
function messagesIn(value: unknown, column: string): Messages | undefined {
  if (isObject(value)) {
    if (Array.isArray(value['messages'])) return readMessages(value['messages'], column);
    if ('role' in value || 'from' in value) return readMessages([value], column);
    return undefined;
  }
  if (isListLike(value) && (Array.isArray(value) || isJsonList(value))) {
    const list = listField({ [column]: value }, column);
    if (list.every((one) => isObject(one)) && list.length > 0) return readMessages(list, column);
    return undefined;
  }
  const dialogue = typeof value === 'string' ? dialogueIn(value) : undefined;
  return dialogue && { messages: dialogue, origins: dialogue.map(() => -1), unlearned: [] };
}

/** The turns of `\n\nHuman: ...\n\nAssistant: ...`; undefined if the text is no such dialogue. */
function dialogueIn(text: string): { role: string; content: string }[] | undefined {
  if (!/^\s*Human: /.test(text) || !/\n\nAssistant:/.test(text)) return undefined;
  const turns = text.trimStart().split(/\n\n(?=(?:Human|Assistant):)/);
  return turns.flatMap((turn) => {
    const [, who, content = ''] = /^(Human|Assistant):\s*([^]*)$/.exec(turn) ?? [];
    const role = who === 'Human' ? 'user' : 'assistant';
    // An empty last turn only asks for the answer.
    return who === undefined || (role === 'assistant' && content.trim() === '')
      ? []
      : [{ role, content: content.trim() }];
  });
}

function oneAnswer(value: unknown, column: string): Messages {
  const messages = [{ role: 'assistant', content: textOf(value, column) }];
  return { messages, origins: [-1], unlearned: [] };
}

/** The text of an answer. */
function textOf(value: unknown, column: string): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.length === 1 && typeof value[0] === 'string') return value[0];
  if (isObject(value)) {
    const text = ['content', 'value', 'text', 'response', 'answer']
      .map((name) => value[name])
      .find((one) => typeof one === 'string');
    if (text !== undefined) return text;
  }
  throw new BadRow(`"${column}" must be an answer, found ${describe(value)}`, faultOf(value), [column]);
}
