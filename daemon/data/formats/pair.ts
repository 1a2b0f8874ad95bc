import { listField, stringField } from './fields.ts';
import { readMessages } from './chat.ts';
import type { Format } from './format.ts';

/** `{"prompt": ..., "completion": ...}`: two strings, or two lists of chat messages. */
export const pair: Format = {
  id: 'pair',
  name: 'prompt and completion',
  columns: 'prompt, completion',
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
};

/** A prompt may well begin with a bracket, so here only a real list is one. */
function isList(value: unknown): boolean {
  return Array.isArray(value);
}
