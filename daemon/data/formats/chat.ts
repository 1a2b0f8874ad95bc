import type { ChatMessage } from '../chat-template.ts';
import { BadRow } from '../row.ts';
import { describe, isListLike, isObject, listField, optionalList } from './fields.ts';
import type { Format } from './format.ts';

const ROLES = new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function', 'ipython']);

/** Chat messages: `{"messages": [{"role": ..., "content": ...}], "tools": [...]}`, as OpenAI's fine-tuning files. */
export const chat: Format = {
  id: 'chat',
  name: 'chat messages',
  columns: 'messages (a list of {role, content})',
  matches: (row) => isListLike(row['messages']) || (isListLike(row['conversations']) && hasRoles(row['conversations'])),
  read(row) {
    const column = row['messages'] === undefined && row['conversations'] !== undefined ? 'conversations' : 'messages';
    const messages = readMessages(listField(row, column), column);
    const tools = optionalList(row, 'tools');
    return { kind: 'chat', messages, ...(tools ? { tools } : {}) };
  },
};

function hasRoles(value: unknown): boolean {
  if (typeof value === 'string') return /"role"\s*:/.test(value);
  const first = (value as unknown[])[0];
  return isObject(first) && 'role' in first;
}

/** Checked messages; `column` is named in errors. */
export function readMessages(list: unknown[], column: string): ChatMessage[] {
  if (list.length === 0) throw new BadRow(`"${column}" is empty`);
  return list.map((entry, i) => readMessage(entry, `${column}[${i}]`));
}

function readMessage(entry: unknown, where: string): ChatMessage {
  if (!isObject(entry)) throw new BadRow(`${where} must be an object with role and content, found ${describe(entry)}`);
  const { role } = entry;
  if (typeof role !== 'string') throw new BadRow(`${where}.role must be a string, found ${describe(role)}`);
  if (!ROLES.has(role)) {
    throw new BadRow(`${where}.role is ${JSON.stringify(role.slice(0, 40))}; known roles are ${[...ROLES].join(', ')}`);
  }
  const calls = entry['tool_calls'];
  const hasCalls = Array.isArray(calls) && calls.length > 0;
  const content = readContent(entry['content'], where, hasCalls);
  const message: ChatMessage = { role, content };
  for (const key of ['name', 'tool_call_id', 'reasoning_content']) {
    if (typeof entry[key] === 'string') message[key] = entry[key];
  }
  if (hasCalls) message['tool_calls'] = calls.map(readToolCall);
  return message;
}

function readContent(content: unknown, where: string, mayBeEmpty: boolean): string {
  if (typeof content === 'string') return content;
  if ((content === null || content === undefined) && mayBeEmpty) return '';
  if (!Array.isArray(content)) throw new BadRow(`${where}.content must be a string, found ${describe(content)}`);
  return content
    .map((part: unknown) => {
      if (isObject(part) && typeof part['text'] === 'string') return part['text'];
      throw new BadRow(`${where}.content has a part that is not text`);
    })
    .join('');
}

/** Templates print `arguments` with tojson, so OpenAI's JSON text becomes the object it stands for. */
function readToolCall(call: unknown): unknown {
  if (!isObject(call)) throw new BadRow(`a tool call must be an object, found ${describe(call)}`);
  const inner = isObject(call['function']) ? call['function'] : call;
  let value = inner['arguments'];
  if (typeof value === 'string') {
    try {
      const parsed: unknown = JSON.parse(value);
      if (isObject(parsed)) value = parsed;
    } catch {
      // Arguments that are not JSON are passed on as the text they are.
    }
  }
  const fixed = { ...inner, ...(value === undefined ? {} : { arguments: value }) };
  return inner === call ? fixed : { ...call, function: fixed };
}
