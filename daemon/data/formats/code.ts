import { optionalString, stringField } from './fields.ts';
import type { RowFormat } from './format.ts';

/** `{"content": ..., "path": ...}`: one source file per row, as in a folder of code and in code datasets. */
export const code: RowFormat = {
  name: 'code',
  label: 'code',
  columns: 'content and optionally path',
  example: { content: 'print("Hello")', path: 'hello.py' },
  fields: [
    { name: 'content', needed: true, aliases: ['code', 'source', 'value', 'text', 'body', 'message'] },
    { name: 'path' },
  ],
  matches: (row) => 'content' in row,
  read(row) {
    const path = optionalString(row, 'path');
    return { kind: 'code', text: stringField(row, 'content'), ...(path === '' ? {} : { path }) };
  },
  write: (sample) => (sample.kind === 'text' || sample.kind === 'code' ? { content: sample.text } : undefined),
  place: () => ['content'],
};
