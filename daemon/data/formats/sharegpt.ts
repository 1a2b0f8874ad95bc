import type { ChatMessage } from '../chat-template.ts';
import { conversationOf } from '../conversation.ts';
import { isObject } from '../../formats/json.ts';
import { BadRow } from '../row.ts';
import { describe, faultOf, isListLike, listField, optionalList, optionalString } from './fields.ts';
import type { RowFormat } from './format.ts';

const ROLES: Record<string, string> = {
  human: 'user',
  user: 'user',
  gpt: 'assistant',
  chatgpt: 'assistant',
  assistant: 'assistant',
  model: 'assistant',
  system: 'system',
  tool: 'tool',
  observation: 'tool',
  function_response: 'tool',
  function_call: 'assistant',
};

/** ShareGPT: `{"conversations": [{"from": "human", "value": ...}, {"from": "gpt", "value": ...}]}`. */
export const sharegpt: RowFormat = {
  name: 'sharegpt',
  label: 'ShareGPT conversations',
  columns: 'conversations (a list of {from, value})',
  example: {
    conversations: [
      { from: 'human', value: 'Hello' },
      { from: 'gpt', value: 'Hi!' },
    ],
  },
  fields: [
    {
      name: 'conversations',
      needed: true,
      aliases: ['conversation', 'messages', 'chat', 'dialog', 'dialogue', 'turns'],
    },
    { name: 'system' },
    { name: 'tools' },
  ],
  messages: {
    column: 'conversations',
    role: { name: 'from', aliases: ['role', 'speaker', 'author', 'sender'] },
    content: { name: 'value', aliases: ['content', 'text', 'body', 'message'] },
    roles: Object.keys(ROLES),
  },
  matches: (row) => isListLike(row['conversations']),
  read(row) {
    const list = listField(row, 'conversations');
    if (list.length === 0) throw new BadRow('"conversations" is empty', 'empty', ['conversations']);
    const messages = list.map((entry, i) => readTurn(entry, ['conversations', i]));
    const system = optionalString(row, 'system');
    if (system !== '' && messages[0]!.role !== 'system') messages.unshift({ role: 'system', content: system });
    const tools = optionalList(row, 'tools');
    return { kind: 'chat', messages, ...(tools ? { tools } : {}) };
  },
  write(sample) {
    const conversation = conversationOf(sample);
    const turns = conversation?.messages.map(({ role, content }) => ({ from: NAMES[role], value: content }));
    if (!conversation?.plain || turns?.some(({ from }) => from === undefined)) return undefined;
    const { tools } = conversation;
    return { conversations: turns, ...(tools ? { tools } : {}) };
  },
  place(row, sample, part) {
    if (typeof part === 'string' || sample.kind !== 'chat') return [];
    const list = row['conversations'];
    // The system column became a message before the others.
    const added = Array.isArray(list) ? sample.messages.length - list.length : 0;
    if (part.message < added) return ['system'];
    const at = ['conversations', part.message - added];
    return part.field === undefined ? at : [...at, part.field === 'role' ? 'from' : 'value'];
  },
};

/** The name that a role is written with. */
const NAMES: Readonly<Record<string, string>> = { user: 'human', assistant: 'gpt', system: 'system', tool: 'tool' };

function readTurn(entry: unknown, path: ['conversations', number]): ChatMessage {
  const where = `${path[0]}[${path[1]}]`;
  if (!isObject(entry)) {
    throw new BadRow(`${where} must be an object with from and value, found ${describe(entry)}`, 'type', path);
  }
  const { from, value } = entry;
  if (typeof from !== 'string') {
    const at = [...path, 'from'];
    throw new BadRow(`${where}.from must be a string, found ${describe(from)}`, faultOf(from), at);
  }
  const role = Object.hasOwn(ROLES, from) ? ROLES[from] : undefined;
  if (role === undefined) {
    const known = Object.keys(ROLES).join(', ');
    throw new BadRow(`${where}.from is ${JSON.stringify(from.slice(0, 40))}; known names are ${known}`, 'role', [
      ...path,
      'from',
    ]);
  }
  if (typeof value !== 'string') {
    const at = [...path, 'value'];
    throw new BadRow(`${where}.value must be a string, found ${describe(value)}`, faultOf(value), at);
  }
  return { role, content: value };
}
