import { isObject } from '../../formats/json.ts';
import type { ChatMessage } from '../chat-template.ts';
import { describe, listField } from '../formats/fields.ts';
import { parseJson } from '../json.ts';
import { BadRow, type Row } from '../row.ts';
import { readContent } from './content.ts';
import { readMessages, type Messages } from './messages.ts';

/** Columns that hold a system message beside the conversation. */
const SYSTEM = ['system', 'system_prompt', 'systemInstruction', 'system_instruction'];
/** Columns that declare tools. */
const TOOLS = ['tools', 'functions', 'toolConfig'];

/** The columns that are read beside a conversation, whatever its format. */
const besideColumns = [...SYSTEM, ...TOOLS, 'history'];
/** The same for the fields of a row format. */
export const besideFields = besideColumns.map((name) => ({ name }));

/** The first of these columns that holds something. */
const filled = (row: Row, columns: readonly string[]): string | undefined =>
  columns.find((name) => row[name] !== undefined && row[name] !== null && row[name] !== '');

/** The system message of a row: a string, a message, or Bedrock's and Gemini's parts. '' if it has none. */
export function systemOf(row: Row): string {
  const column = filled(row, SYSTEM);
  if (column === undefined) return '';
  const value = row[column];
  const inner = isObject(value) ? (value['parts'] ?? value['content'] ?? value) : value;
  return readContent(inner, `"${column}"`, [column], false).text ?? '';
}

/** The tools of a row as a list, for the chat template; undefined if it has none. OpenAI's old `functions` become tools. */
export function toolsOf(row: Row): unknown[] | undefined {
  const column = filled(row, TOOLS);
  if (column === undefined) return undefined;
  const value = row[column];
  const given: unknown = isObject(value) && Array.isArray(value['tools']) ? value['tools'] : value;
  const single = typeof given === 'string' && given.trimStart().startsWith('{') ? [parsed(given, column)] : undefined;
  const list = single ?? (isObject(given) ? [given] : listField({ [column]: given }, column));
  if (column === 'functions') return list.map((one) => ({ type: 'function', function: one }));
  return list.flatMap((one) => declarations(typeof one === 'string' ? parsed(one, column) : one));
}

function parsed(text: string, column: string): unknown {
  try {
    return parseJson(text);
  } catch {
    throw new BadRow(`"${column}" must be a list of JSON objects, found ${describe(text)}`, 'type', [column]);
  }
}

/** Gemini's function declarations and Bedrock's tool specs, as OpenAI writes them. */
function declarations(tool: unknown): unknown[] {
  if (!isObject(tool)) return [tool];
  const several = tool['functionDeclarations'] ?? tool['function_declarations'];
  if (Array.isArray(several)) return several.map((one: unknown) => ({ type: 'function', function: one }));
  const spec = tool['toolSpec'];
  if (isObject(spec)) {
    const { inputSchema, ...others } = spec;
    const parameters = isObject(inputSchema) && 'json' in inputSchema ? inputSchema['json'] : inputSchema;
    return [{ type: 'function', function: { ...others, parameters } }];
  }
  // Anthropic's
  if ('input_schema' in tool && typeof tool['name'] === 'string') {
    const { input_schema: parameters, ...others } = tool;
    return [{ type: 'function', function: { ...others, parameters } }];
  }
  return [tool];
}

/** Earlier turns: LLaMA-Factory's and ms-swift's [question, answer] pairs, or a list of messages. They are learned too. */
export function historyOf(row: Row): Messages | undefined {
  const value = row['history'];
  if (value === undefined || value === null || value === '') return undefined;
  const list = listField(row, 'history');
  if (list.length === 0) return undefined;
  if (list.every((one) => isObject(one))) return readMessages(list, 'history');
  const messages: ChatMessage[] = list.flatMap((one, i) => {
    if (Array.isArray(one) && one.length === 2 && one.every((text) => typeof text === 'string')) {
      const [question, answer] = one as [string, string];
      return [
        { role: 'user', content: question },
        { role: 'assistant', content: answer },
      ];
    }
    const text = `"history" must be a list of pairs [question, answer] or of messages; its entry ${i + 1} is ${describe(one)}`;
    throw new BadRow(text, 'type', ['history', i]);
  });
  return { messages, origins: messages.map((_, i) => i >> 1), unlearned: [] };
}

/**
 * The messages with the system message in front. Throws BadRow if the conversation begins with another one: one of them would be
 * lost.
 */
export function withSystem(messages: ChatMessage[], system: string): ChatMessage[] {
  const [first] = messages;
  if (system === '') return messages;
  if (first?.role !== 'system' && first?.role !== 'developer')
    return [{ role: 'system', content: system }, ...messages];
  if (first.content?.trim() === system.trim()) return messages;
  throw new BadRow(
    'the row has a system column and a system message that says something else; keep one of them',
    'mixed',
    ['system'],
  );
}
