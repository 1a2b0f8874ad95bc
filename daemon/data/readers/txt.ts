import { byteIndexBuilder, byteRows } from './byte-rows.ts';
import { type OpenFile, readFully } from './file.ts';
import { forEachLine } from './lines.ts';
import type { ReaderKind } from './reader.ts';
import { MAX_ROW_BYTES } from './reader.ts';

/** Plain text: one row per paragraph (text between blank lines), or per line if the file has no blank line between two others. */
export const txt: ReaderKind = {
  label: 'text',
  extensions: ['.txt', '.text', '.md'],
  ambiguous: ['.md'],
  text: { layout: 'lines', json: false, delimiter: '', parse: (text) => ({ text: text.trim() }) },
  otherLanguages: ['plaintext'],
  open({ file }, { maxRows }) {
    const paragraphs = hasParagraphs(file);
    const index = byteIndexBuilder();
    let start = -1;
    let end = -1;
    let first = 0;
    const flush = (): void => {
      if (start < 0) return;
      const length = end - start;
      const bytes = Buffer.allocUnsafe(Math.min(length, MAX_ROW_BYTES));
      readFully(file, bytes, start);
      index.add(bytes, start, length, first);
      start = -1;
    };
    forEachLine(file, (_bytes, offset, length, line) => {
      if (length === 0 || !paragraphs) flush();
      if (length > 0) {
        if (start < 0) [start, first] = [offset, line];
        end = offset + length;
      }
      return index.count < maxRows;
    });
    if (index.count < maxRows) flush();
    const name = `text, a row per ${paragraphs ? 'paragraph' : 'line'}`;
    return byteRows(file, index.finish(), { name, parse: (text) => ({ text }) });
  },
};

/** True if there is a blank line between two others. */
function hasParagraphs(file: OpenFile): boolean {
  let seen = false;
  let blank = false;
  let found = false;
  forEachLine(file, (_bytes, _offset, length) => {
    if (length === 0) blank = seen;
    else if (blank) found = true;
    else seen = true;
    return !found;
  });
  return found;
}
