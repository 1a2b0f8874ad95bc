import type { ChatMessage } from '../chat-template.ts';
import { conversationOf } from '../conversation.ts';
import { isObject } from '../../formats/json.ts';
import { parseJsonText } from '../json.ts';
import { BadRow, type FieldPath, type Row } from '../row.ts';
import { describe, faultOf, isListLike, listField, optionalList } from './fields.ts';
import type { Part, RowFormat } from './format.ts';

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool', 'function', 'ipython'];

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
    { name: 'conversations' },
    { name: 'tools' },
  ],
  messages: {
    column: 'messages',
    role: { name: 'role', aliases: ['from', 'speaker', 'author', 'sender'] },
    content: { name: 'content', aliases: ['code', 'source', 'value', 'text', 'body', 'message'] },
    roles: ROLES,
  },
  matches: (row) => isListLike(row['messages']) || (isListLike(row['conversations']) && hasRoles(row['conversations'])),
  read(row) {
    const column = columnOf(row);
    const messages = readMessages(listField(row, column), column);
    const tools = optionalList(row, 'tools');
    return { kind: 'chat', messages, ...(tools ? { tools } : {}) };
  },
  write(sample) {
    const conversation = conversationOf(sample);
    if (!conversation) return undefined;
    const { messages, tools } = conversation;
    return { messages, ...(tools ? { tools } : {}) };
  },
  place: (row, _sample, part) => (typeof part === 'string' ? [] : messagePlace(columnOf(row), part)),
};

const columnOf = (row: Row): string =>
  row['messages'] === undefined && row['conversations'] !== undefined ? 'conversations' : 'messages';

/** The path to a message of {role, content} in a list, or to one of its fields. */
export const messagePlace = (column: string, part: Exclude<Part, string>, index = part.message): FieldPath =>
  part.field === undefined ? [column, index] : [column, index, part.field];

function hasRoles(value: unknown): boolean {
  if (typeof value === 'string') return /"role"\s*:/.test(value);
  const first = (value as unknown[])[0];
  return isObject(first) && 'role' in first;
}

/** Checks and reads messages. Errors name `column`. */
export function readMessages(list: unknown[], column: string): ChatMessage[] {
  if (list.length === 0) throw new BadRow(`"${column}" is empty`, 'empty', [column]);
  return list.map((entry, i) => readMessage(entry, [column, i]));
}

function readMessage(entry: unknown, path: [string, number]): ChatMessage {
  const where = `${path[0]}[${path[1]}]`;
  if (!isObject(entry)) {
    throw new BadRow(`${where} must be an object with role and content, found ${describe(entry)}`, 'type', path);
  }
  const { role } = entry;
  if (typeof role !== 'string') {
    const at = [...path, 'role'];
    throw new BadRow(`${where}.role must be a string, found ${describe(role)}`, faultOf(role), at);
  }
  if (!ROLES.includes(role)) {
    const known = ROLES.join(', ');
    const said = JSON.stringify(role.slice(0, 40));
    throw new BadRow(`${where}.role is ${said}; known roles are ${known}`, 'role', [...path, 'role']);
  }
  const calls = entry['tool_calls'];
  const hasCalls = Array.isArray(calls) && calls.length > 0;
  const content = readContent(entry['content'], path, hasCalls);
  const message: ChatMessage = { role, content };
  for (const key of ['name', 'tool_call_id', 'reasoning_content', 'reasoning', 'thinking']) {
    if (typeof entry[key] === 'string') message[key] = entry[key];
  }
  if (hasCalls) message['tool_calls'] = calls.map((call, n) => readToolCall(call, [...path, 'tool_calls', n]));
  return message;
}

function readContent(content: unknown, path: [string, number], mayBeEmpty: boolean): string | null {
  const where = `${path[0]}[${path[1]}]`;
  const at = [...path, 'content'];
  if (typeof content === 'string') return content;
  if ((content === null || content === undefined) && mayBeEmpty) return null;
  if (!Array.isArray(content)) {
    throw new BadRow(`${where}.content must be a string, found ${describe(content)}`, faultOf(content), at);
  }
  return content
    .map((part: unknown) => {
      if (isObject(part) && typeof part['text'] === 'string') return part['text'];
      throw new BadRow(`${where}.content has a part that is not text`, 'type', at);
    })
    .join('');
}

/** Parses `arguments`, which OpenAI writes as JSON text: templates print the object with tojson. */
function readToolCall(call: unknown, path: FieldPath): unknown {
  if (!isObject(call)) throw new BadRow(`a tool call must be an object, found ${describe(call)}`, 'type', path);
  const inner = isObject(call['function']) ? call['function'] : call;
  let value = inner['arguments'];
  if (typeof value === 'string') {
    try {
      const parsed = parseJsonText(value);
      if (isObject(parsed)) value = parsed;
    } catch {
      // Arguments that are not JSON stay text.
    }
  }
  const fixed = { ...inner, ...(value === undefined ? {} : { arguments: value }) };
  return inner === call ? fixed : { ...call, function: fixed };
}
