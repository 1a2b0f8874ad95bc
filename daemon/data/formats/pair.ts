import { conversationOf } from '../conversation.ts';
import { listField, stringField } from './fields.ts';
import { messagePlace, readMessages } from './chat.ts';
import type { RowFormat } from './format.ts';

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
  ],
  matches: (row) => 'prompt' in row && 'completion' in row,
  read(row) {
    if (isList(row['prompt']) && isList(row['completion'])) {
      const before = readMessages(listField(row, 'prompt'), 'prompt');
      const after = readMessages(listField(row, 'completion'), 'completion');
      return { kind: 'chat', messages: [...before, ...after], from: before.length };
    }
    const prompt = stringField(row, 'prompt');
    const completion = stringField(row, 'completion');
    const messages = [
      { role: 'user', content: prompt },
      { role: 'assistant', content: completion },
    ];
    return { kind: 'pair', prompt, completion, messages };
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
  place(_row, sample, part) {
    if (part === 'question') return ['prompt'];
    if (typeof part === 'string') return ['completion'];
    const before = sample.kind === 'chat' ? (sample.from ?? 0) : 0;
    return part.message < before
      ? messagePlace('prompt', part)
      : messagePlace('completion', part, part.message - before);
  },
};

/** A prompt may begin with a bracket, so JSON text does not count as a list here. */
function isList(value: unknown): boolean {
  return Array.isArray(value);
}
