import type { ChatMessage } from '../data/chat-template.ts';
import type { Sample } from '../data/formats/format.ts';
import type { Row } from '../data/row.ts';

/** Columns that formats read; all others stay with the row. */
const READ = new Set(
  'messages conversations prompt completion instruction input context output response system tools text content path'.split(
    ' ',
  ),
);
const SHAREGPT: Readonly<Record<string, string>> = { user: 'human', assistant: 'gpt', system: 'system', tool: 'tool' };

/** A row of the format `target` that says the same, or undefined where that format cannot say it. */
export function convertRow(row: Row, sample: Sample, target: string): Row | undefined {
  const columns = columnsFor(sample, target);
  if (!columns) return undefined;
  const others = Object.entries(row).filter(([name]) => !READ.has(name));
  return { ...columns, ...Object.fromEntries(others) };
}

function columnsFor(sample: Sample, target: string): Row | undefined {
  if (sample.kind === 'text' || sample.kind === 'code') {
    if (target === 'text') return { text: sample.text };
    return target === 'code' ? { content: sample.text } : undefined;
  }
  const { messages } = sample;
  const tools = sample.kind === 'chat' ? sample.tools : undefined;
  const plain = messages.every((message) => typeof message.content === 'string' && !('tool_calls' in message));
  switch (target) {
    case 'chat':
      return { messages, ...(tools ? { tools } : {}) };
    case 'sharegpt':
      if (!plain || messages.some(({ role }) => SHAREGPT[role] === undefined)) return undefined;
      return { conversations: messages.map(({ role, content }) => ({ from: SHAREGPT[role], value: content })) };
    case 'pair': {
      const [user, assistant] = messages;
      if (plain && !tools && messages.length === 2 && user?.role === 'user' && assistant?.role === 'assistant') {
        return { prompt: user.content, completion: assistant.content };
      }
      if (tools || messages.length < 2 || messages.at(-1)!.role !== 'assistant') return undefined;
      return { prompt: messages.slice(0, -1), completion: messages.slice(-1) };
    }
    case 'instruction':
      return plain && !tools ? instruction(messages) : undefined;
    default:
      return undefined;
  }
}

function instruction(messages: ChatMessage[]): Row | undefined {
  const system = messages[0]?.role === 'system' ? messages[0] : undefined;
  const [user, assistant, ...more] = system ? messages.slice(1) : messages;
  if (user?.role !== 'user' || assistant?.role !== 'assistant' || more.length > 0) return undefined;
  return {
    instruction: user.content,
    input: '',
    output: assistant.content,
    ...(system ? { system: system.content } : {}),
  };
}

/** JSON on one line, with a space after colons and commas where `like` has them. */
export function rowText(row: Row, like: string): string {
  return /^\s*\{\s*"(?:[^"\\]|\\.)*"\s*:\s/.test(like.slice(0, 1000)) ? spaced(row) : JSON.stringify(row);
}

function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}: ${spaced(member)}`).join(', ')}}`;
}
