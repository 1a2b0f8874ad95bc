import { stringField } from './fields.ts';
import type { RowFormat } from './format.ts';

/** `{"text": ...}`: all tokens count in the loss, and none is added. */
export const text: RowFormat = {
  name: 'text',
  label: 'plain text',
  columns: 'text',
  example: { text: 'Once upon a time' },
  fields: [{ name: 'text', needed: true, aliases: ['body', 'document', 'content', 'sentence'] }],
  matches: (row) => 'text' in row,
  read: (row) => ({ kind: 'text', text: stringField(row, 'text') }),
  write: (sample) => (sample.kind === 'text' || sample.kind === 'code' ? { text: sample.text } : undefined),
  place: () => ['text'],
};
