import { optionalString, stringField } from './fields.ts';
import type { Format } from './format.ts';

/** `{"instruction": ..., "input": ..., "output": ...}`; Dolly's names `context` and `response` are read too. */
export const instruction: Format = {
  id: 'instruction',
  name: 'instruction, input, output',
  columns: 'instruction, output and optionally input, system',
  matches: (row) => 'instruction' in row && ('output' in row || 'response' in row),
  read(row) {
    const task = stringField(row, 'instruction');
    const input = optionalString(row, 'input' in row ? 'input' : 'context');
    const completion = stringField(row, 'output' in row ? 'output' : 'response');
    const system = optionalString(row, 'system');
    const question = input === '' ? task : `${task}\n\n${input}`;
    const messages = [
      { role: 'user', content: question },
      { role: 'assistant', content: completion },
    ];
    if (system !== '') messages.unshift({ role: 'system', content: system });
    const prompt = `${system === '' ? '' : `${system}\n\n`}${question}\n\n`;
    return { kind: 'pair', prompt, completion, messages };
  },
};
