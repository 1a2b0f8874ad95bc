import { optionalString, stringField } from './fields.ts';
import type { Format } from './format.ts';

/** `{"content": ..., "path": ...}`: one source file a row, as a folder of code is read and as code datasets have it. */
export const code: Format = {
  id: 'code',
  name: 'code',
  columns: 'content and optionally path',
  matches: (row) => 'content' in row,
  read(row) {
    const path = optionalString(row, 'path');
    return { kind: 'code', text: stringField(row, 'content'), ...(path === '' ? {} : { path }) };
  },
};
