import { conversationOf } from '../conversation.ts';
import { besideFields } from '../messages/beside.ts';
import { readMessages } from '../messages/messages.ts';
import { ROLES } from '../messages/roles.ts';
import { chatSample, messagePlace } from './chat.ts';
import { isListLike, listField } from './fields.ts';
import type { RowFormat } from './format.ts';

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
    ...besideFields,
  ],
  messages: {
    column: 'conversations',
    role: { name: 'from', aliases: ['role', 'speaker', 'author', 'sender'] },
    content: { name: 'value', aliases: ['content', 'text', 'body', 'message'] },
    roles: Object.keys(ROLES),
  },
  matches: (row) => isListLike(row['conversations']),
  read: (row) => chatSample(row, readMessages(listField(row, 'conversations'), 'conversations')),
  write(sample) {
    const conversation = conversationOf(sample);
    const turns = conversation?.messages.map(({ role, content }) => ({ from: NAMES[role], value: content }));
    if (!conversation?.plain || conversation.unlearned || turns?.some(({ from }) => from === undefined))
      return undefined;
    const { tools } = conversation;
    return { conversations: turns, ...(tools ? { tools } : {}) };
  },
  place: (row, sample, part) => (typeof part === 'string' ? [] : messagePlace(row, sample, 'conversations', part)),
};

/** The name that a role is written with. */
const NAMES: Readonly<Record<string, string>> = { user: 'human', assistant: 'gpt', system: 'system', tool: 'tool' };
