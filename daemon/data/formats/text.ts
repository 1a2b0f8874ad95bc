import { stringField } from './fields.ts';
import type { Format } from './format.ts';

/** `{"text": ...}`: everything counts, nothing is added. */
export const text: Format = {
  id: 'text',
  name: 'plain text',
  columns: 'text',
  matches: (row) => 'text' in row,
  read: (row) => ({ kind: 'text', text: stringField(row, 'text') }),
};
