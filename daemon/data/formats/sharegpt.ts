import type { ChatMessage } from '../chat-template.ts';
import { BadRow } from '../row.ts';
import { describe, faultOf, isListLike, isObject, listField, optionalList, optionalString } from './fields.ts';
import type { Format } from './format.ts';

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
export const sharegpt: Format = {
  id: 'sharegpt',
  name: 'ShareGPT conversations',
  columns: 'conversations (a list of {from, value})',
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
};

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
    throw new BadRow(`${where}.from is ${JSON.stringify(from.slice(0, 40))}; known are ${known}`, 'role', [
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
