import { conversationOf } from '../conversation.ts';
import { besideFields } from '../messages/beside.ts';
import type { Row } from '../row.ts';
import { optionalString, stringField } from './fields.ts';
import type { RowFormat } from './format.ts';
import { pairSample } from './pair.ts';

/** `{"instruction": ..., "input": ..., "output": ...}`; Dolly's names `context` and `response` are read too. */
export const instruction: RowFormat = {
  name: 'instruction',
  label: 'instruction, input, output',
  columns: 'instruction, output and optionally input, system, history',
  example: { instruction: 'Translate to French', input: 'Hello', output: 'Bonjour' },
  fields: [
    { name: 'instruction', needed: true, aliases: ['task', 'prompt', 'question', 'query'] },
    { name: 'output', needed: true, aliases: ['response', 'answer', 'completion', 'result'] },
    { name: 'input' },
    { name: 'context' },
    { name: 'response' },
    ...besideFields,
  ],
  matches: (row) => 'instruction' in row && ('output' in row || 'response' in row),
  read(row) {
    const task = stringField(row, 'instruction');
    const input = optionalString(row, 'input' in row ? 'input' : 'context');
    const completion = stringField(row, answerOf(row));
    const question = input === '' ? task : `${task}\n\n${input}`;
    return pairSample(row, question, completion, `${question}\n\n`);
  },
  write(sample) {
    const conversation = conversationOf(sample);
    if (!conversation?.plain || conversation.tools) return undefined;
    const { messages } = conversation;
    const system = messages[0]?.role === 'system' ? messages[0] : undefined;
    const [user, assistant, ...more] = system ? messages.slice(1) : messages;
    if (user?.role !== 'user' || assistant?.role !== 'assistant' || more.length > 0) return undefined;
    const told = system ? { system: system.content } : {};
    return { instruction: user.content, input: '', output: assistant.content, ...told };
  },
  place: (row, _sample, part) => [part === 'question' ? 'instruction' : answerOf(row)],
};

const answerOf = (row: Row): string => ('output' in row ? 'output' : 'response');
