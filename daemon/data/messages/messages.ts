import { isObject } from '../../formats/json.ts';
import type { ChatMessage } from '../chat-template.ts';
import { describe, faultOf, isListLike } from '../formats/fields.ts';
import { parseJson } from '../json.ts';
import { BadRow, type FieldPath } from '../row.ts';
import { callsOf, readToolCall, toolCall } from './calls.ts';
import { readContent } from './content.ts';
import { markOf } from './marks.ts';
import { isCallTurn, roleNamed, ROLES } from './roles.ts';

/** A list of messages as it was read. */
export interface Messages {
  messages: ChatMessage[];
  /** For each message, its index in the list of the row. Results of tools may stand in another message there. */
  origins: number[];
  /** The messages of the assistant that the data mark as not to be learned. */
  unlearned: number[];
  /** Tools that are declared in a message. */
  tools?: unknown[];
}

const KEPT = ['name', 'tool_call_id', 'prefix'];
/** What reasoning is called; transformers takes the three names for one, and so does the chat template here. */
const REASONING = ['reasoning_content', 'thinking', 'reasoning'];

/** The fields of a message that are read. */
export const messageFields: ReadonlySet<string> = new Set([
  ...['role', 'from', 'author', 'content', 'value', 'parts', 'message', 'text'],
  ...['tool_calls', 'function_call', 'name', 'tool_call_id', 'prefix', ...REASONING],
]);

/** Checks and reads messages of {role, content} or {from, value}. Errors name `column`. */
export function readMessages(list: unknown[], column: string): Messages {
  if (list.length === 0) throw new BadRow(`"${column}" is empty`, 'empty', [column]);
  const read: Messages = { messages: [], origins: [], unlearned: [] };
  let afterCall = false;
  list.forEach((entry, i) => (afterCall = readMessage(entry, [column, i], read, afterCall)));
  return read;
}

/** Adds what an entry says. True if it is a turn that only calls tools. `afterCall`: so was the one before. */
function readMessage(entry: unknown, path: [string, number], read: Messages, afterCall: boolean): boolean {
  const [column, index] = path;
  const where = `${column}[${index}]`;
  if (!isObject(entry)) {
    const fields = column === 'conversations' ? 'from and value' : 'role and content';
    throw new BadRow(`${where} must be an object with ${fields}, found ${describe(entry)}`, 'type', path);
  }
  const said = speakerOf(entry, where, path);
  const role = roleNamed(said)!;
  const field = contentField(entry);
  const at = [...path, field];
  const calls: unknown[] = listed(entry['tool_calls']).map((call, n) => readToolCall(call, [...path, 'tool_calls', n]));
  const legacy = entry['function_call'];
  if (isObject(legacy)) calls.push(toolCall(legacy['name'], legacy['arguments']));
  else if (typeof legacy === 'string' && legacy !== '' && legacy !== 'auto' && legacy !== 'none')
    calls.push(...callsOf(legacy, `${where}.function_call`, [...path, 'function_call']));

  const mark = markOf(entry, path);
  const add = (message: ChatMessage): void => {
    if (message.role === 'assistant' && mark?.learned === false) read.unlearned.push(read.messages.length);
    read.messages.push(message);
    read.origins.push(index);
  };
  const reasoning = REASONING.find((name) => typeof entry[name] === 'string' && entry[name] !== '');
  if (isCallTurn(said)) {
    const written = callsOf(entry[field], `${where}.${field}`, at);
    // Calls that follow each other were made at once.
    const before = afterCall ? read.messages.at(-1) : undefined;
    if (before) before['tool_calls'] = [...(before['tool_calls'] as unknown[]), ...written];
    else add({ role, content: null, ...(reasoning ? { [reasoning]: entry[reasoning] } : {}), tool_calls: written });
    return true;
  }
  const content = readContent(entry[field], `${where}.${field}`, at, calls.length > 0);
  calls.push(...(content.calls ?? []));
  if (content.tools) read.tools = [...(read.tools ?? []), ...content.tools];
  for (const { content: text, name, id } of content.results ?? []) {
    add({ role: 'tool', content: text, ...(name ? { name } : {}), ...(id ? { tool_call_id: id } : {}) });
  }
  // A message that only holds results or declarations says nothing itself.
  if ((content.results || content.tools) && (content.text ?? '').trim() === '' && calls.length === 0) return false;
  const message: ChatMessage = { role, content: content.text };
  for (const key of KEPT)
    if (typeof entry[key] === 'string' || typeof entry[key] === 'boolean') message[key] = entry[key];
  if (reasoning) message[reasoning] = entry[reasoning];
  else if (content.reasoning !== undefined) message['reasoning_content'] = content.reasoning;
  if (calls.length > 0) message['tool_calls'] = calls;
  add(message);
  return false;
}

/** Calls are a list, or JSON text of one in files without lists. Some files have null or '' for none. */
function listed(value: unknown): unknown[] {
  if (typeof value === 'string' && isListLike(value)) {
    try {
      const parsed = parseJson(value);
      return Array.isArray(parsed) ? parsed : [];
    } catch {
      return [];
    }
  }
  return Array.isArray(value) ? value : [];
}

/** The name of who speaks, checked. */
function speakerOf(entry: Record<string, unknown>, where: string, path: FieldPath): string {
  const field =
    ['role', 'from', 'author'].find((name) => name in entry) ?? (path[0] === 'conversations' ? 'from' : 'role');
  const value = entry[field];
  const at = [...path, field];
  if (typeof value !== 'string') {
    throw new BadRow(`${where}.${field} must be a string, found ${describe(value)}`, faultOf(value), at);
  }
  if (roleNamed(value) === undefined) {
    const known = Object.keys(ROLES).join(', ');
    const shown = JSON.stringify(value.slice(0, 40));
    throw new BadRow(
      `${where}.${field} is ${shown}; known ${field === 'from' ? 'names' : 'roles'} are ${known}`,
      'role',
      at,
    );
  }
  return value;
}

/** The field with what is said: `content` beside `role`, `value` beside `from`, Gemini's `parts`, Cohere's `message`. */
function contentField(entry: Record<string, unknown>): string {
  const usual = 'role' in entry || !('from' in entry) ? 'content' : 'value';
  return [usual, 'content', 'value', 'parts', 'message', 'text'].find((name) => name in entry) ?? usual;
}
