import { conversationOf } from '../conversation.ts';
import { besideFields, historyOf, systemOf, toolsOf, withSystem } from '../messages/beside.ts';
import { readMessages } from '../messages/messages.ts';
import type { Row } from '../row.ts';
import { chatSample, messagePlace } from './chat.ts';
import { listField, stringField } from './fields.ts';
import type { RowFormat, Sample } from './format.ts';

/** `{"prompt": ..., "completion": ...}`: two strings, or two lists of chat messages. */
export const pair: RowFormat = {
  name: 'pair',
  label: 'prompt and completion',
  columns: 'prompt, completion',
  example: { prompt: 'Hello', completion: 'Hi!' },
  fields: [
    {
      name: 'prompt',
      needed: true,
      aliases: ['question', 'query', 'input', 'instruction', 'user', 'request', 'q'],
    },
    {
      name: 'completion',
      needed: true,
      aliases: ['answer', 'response', 'output', 'assistant', 'reply', 'chosen', 'a'],
    },
    ...besideFields,
  ],
  matches: (row) => 'prompt' in row && 'completion' in row,
  read(row) {
    if (isList(row['prompt']) && isList(row['completion'])) {
      const before = readMessages(listField(row, 'prompt'), 'prompt');
      const after = readMessages(listField(row, 'completion'), 'completion');
      const from = before.messages.length;
      const joined = {
        messages: [...before.messages, ...after.messages],
        origins: [...before.origins, ...after.origins.map((origin) => origin + from)],
        unlearned: [...before.unlearned, ...after.unlearned.map((i) => i + from)],
      };
      return chatSample(row, joined, from);
    }
    return pairSample(row, stringField(row, 'prompt'), stringField(row, 'completion'));
  },
  write(sample) {
    const conversation = conversationOf(sample);
    if (!conversation || conversation.tools) return undefined;
    const { messages, plain } = conversation;
    const [user, assistant] = messages;
    if (plain && messages.length === 2 && user?.role === 'user' && assistant?.role === 'assistant') {
      return { prompt: user.content, completion: assistant.content };
    }
    if (messages.length < 2 || messages.at(-1)!.role !== 'assistant') return undefined;
    return { prompt: messages.slice(0, -1), completion: messages.slice(-1) };
  },
  place(row, sample, part) {
    if (part === 'question') return ['prompt'];
    if (typeof part === 'string') return ['completion'];
    const before = sample.kind === 'chat' ? (sample.from ?? 0) : 0;
    if (part.message < before) return messagePlace(row, sample, 'prompt', part);
    return messagePlace(row, { kind: 'text', text: '' }, 'completion', { ...part, message: part.message - before });
  },
};

/**
 * A question and its answer, with the row's history and system message in front. `prompt`: the question as a model without a chat
 * template reads it; default: the question itself. Rows with tools become conversations, because only a chat template writes tools.
 */
export function pairSample(row: Row, question: string, completion: string, prompt = question): Sample {
  const system = systemOf(row);
  const history = historyOf(row);
  const tools = toolsOf(row);
  const last = [
    { role: 'user', content: question },
    { role: 'assistant', content: completion },
  ];
  const messages = withSystem([...(history?.messages ?? []), ...last], system);
  if (tools && tools.length > 0) return { kind: 'chat', messages, tools };
  const before = (history?.messages ?? []).map(({ content }) => `${content ?? ''}\n\n`).join('');
  const told = messages.length > last.length && messages[0]!.role === 'system' ? `${system}\n\n` : '';
  return { kind: 'pair', prompt: told + before + prompt, completion, messages };
}

/** A prompt may begin with a bracket, so JSON text does not count as a list here. */
function isList(value: unknown): boolean {
  return Array.isArray(value);
}
