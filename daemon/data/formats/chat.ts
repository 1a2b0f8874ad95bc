import { conversationOf } from '../conversation.ts';
import { isObject } from '../../formats/json.ts';
import { besideFields, historyOf, systemOf, toolsOf, withSystem } from '../messages/beside.ts';
import { readMessages, type Messages } from '../messages/messages.ts';
import { ROLES } from '../messages/roles.ts';
import { LeftOut, type FieldPath, type Row } from '../row.ts';
import { isListLike, listField } from './fields.ts';
import type { Part, RowFormat, Sample } from './format.ts';

type ChatSample = Extract<Sample, { kind: 'chat' }>;

/** The columns with a list of messages, the usual one first. `contents` is Gemini's, `conversation` LMSYS's. */
const COLUMNS = ['messages', 'conversations', 'contents', 'conversation'];

/** Chat messages: `{"messages": [{"role": ..., "content": ...}], "tools": [...]}`, as OpenAI's fine-tuning files. */
export const chat: RowFormat = {
  name: 'chat',
  label: 'chat messages',
  columns: 'messages (a list of {role, content})',
  example: {
    messages: [
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hi!' },
    ],
  },
  fields: [
    {
      name: 'messages',
      needed: true,
      aliases: ['message', 'conversation', 'conversations', 'chat', 'dialog', 'dialogue', 'turns'],
    },
    ...COLUMNS.slice(1).map((name) => ({ name })),
    ...besideFields,
  ],
  messages: {
    column: 'messages',
    role: { name: 'role', aliases: ['from', 'speaker', 'author', 'sender'] },
    content: { name: 'content', aliases: ['code', 'source', 'value', 'text', 'body', 'message'] },
    roles: Object.keys(ROLES),
  },
  matches: (row) =>
    isListLike(row['messages']) || COLUMNS.slice(1).some((column) => isListLike(row[column]) && hasRoles(row[column])),
  read(row) {
    const column = columnOf(row);
    return chatSample(row, readMessages(listField(row, column), column));
  },
  write(sample) {
    const conversation = conversationOf(sample);
    if (!conversation) return undefined;
    const { messages, tools, unlearned } = conversation;
    const marked = messages.map((message, i) => (unlearned?.includes(i) ? { ...message, weight: 0 } : message));
    return { messages: marked, ...(tools ? { tools } : {}) };
  },
  place: (row, sample, part) => (typeof part === 'string' ? [] : messagePlace(row, sample, columnOf(row), part)),
};

/**
 * A sample of the messages in a row with what stands beside them: its history and system message in front, and its tools. `from`: the
 * first of the messages that may be an answer. Throws LeftOut if the data mark every answer as not to be learned.
 */
export function chatSample(row: Row, list: Messages, from?: number): ChatSample {
  const before = historyOf(row);
  const joined = [...(before?.messages ?? []), ...list.messages];
  const messages = withSystem(joined, systemOf(row));
  const added = messages.length - list.messages.length;
  const first = from === undefined ? undefined : from + added;
  const lead = added - (before?.messages.length ?? 0);
  const unlearned = [...(before?.unlearned.map((i) => i + lead) ?? []), ...list.unlearned.map((i) => i + added)];
  const answers = messages.flatMap(({ role }, i) => (role === 'assistant' && i >= (first ?? 0) ? [i] : []));
  if (answers.length > 0 && answers.every((i) => unlearned.includes(i)))
    throw new LeftOut('all answers of the row are marked as not to be learned');
  const declared = [...(toolsOf(row) ?? []), ...(list.tools ?? [])];
  const moved = added > 0 || list.origins.some((origin, i) => origin !== i);
  return {
    kind: 'chat',
    messages,
    ...(declared.length > 0 ? { tools: declared } : {}),
    ...(first === undefined ? {} : { from: first }),
    ...(unlearned.length > 0 ? { unlearned } : {}),
    ...(moved ? { origins: [...Array<number>(added).fill(-1), ...list.origins] } : {}),
  };
}

const columnOf = (row: Row): string => COLUMNS.find((column) => isListLike(row[column])) ?? 'messages';

/** The path to a message in a list of the row, or to one of its fields. A message from a column of its own is found there. */
export function messagePlace(row: Row, sample: Sample, column: string, part: Exclude<Part, string>): FieldPath {
  const origin = sample.kind === 'chat' ? (sample.origins?.[part.message] ?? part.message) : part.message;
  if (origin < 0) return part.message === 0 && systemOf(row) !== '' ? ['system'] : ['history'];
  const entry = Array.isArray(row[column]) ? (row[column] as unknown[])[origin] : undefined;
  if (part.field === undefined) return [column, origin];
  const sharegpt = isObject(entry) ? !('role' in entry) && 'from' in entry : column === 'conversations';
  if (part.field === 'role') return [column, origin, sharegpt ? 'from' : 'role'];
  return [column, origin, sharegpt ? 'value' : 'content'];
}

function hasRoles(value: unknown): boolean {
  if (typeof value === 'string') return /"role"\s*:/.test(value);
  const first = (value as unknown[])[0];
  return isObject(first) && 'role' in first;
}
