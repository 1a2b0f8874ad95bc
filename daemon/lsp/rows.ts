import type { TextKind } from '../data/readers/reader.ts';
import { endOf, type Block } from './blocks.ts';

/** The role of a line: outside any row, first line of a row, another line of a row, first line of the header. */
export const MARK = { none: 0, row: 1, more: 2, header: 3 } as const;

/** The state of the layout between two blocks: nothing open; no header yet, or not even the line `sep=;`; inside quotes of the header or of a record; in a paragraph. */
const STATE = { between: 0, beforeHeader: 1, inHeader: 2, inRecord: 3, inParagraph: 4, beforeSep: 5 } as const;

/** `skip`: lines before the header. */
export const firstState = (layout: TextKind['layout'], skip = 0): number =>
  layout !== 'records' ? STATE.between : skip > 0 ? STATE.beforeSep : STATE.beforeHeader;

/** True if a file may end in this state; false if a quote was never closed. */
export const isClosed = (state: number): boolean => state !== STATE.inHeader && state !== STATE.inRecord;

/** Marks the lines of a block that starts in state `entry`, with the same rows that the readers of daemon/data find. Sets `exit` and `marks`. */
export function layOut(
  block: Block<unknown>,
  { layout, delimiter }: Pick<TextKind, 'layout' | 'delimiter'>,
  entry: number,
): void {
  block.entry = entry;
  const separator = delimiter.charCodeAt(0);
  let state = entry;
  for (let i = 0; i < block.starts.length; i++) {
    if (layout === 'lines') block.marks[i] = isBlank(block, i) ? MARK.none : MARK.row;
    else if (layout === 'paragraphs') {
      const blank = isBlank(block, i);
      block.marks[i] = blank ? MARK.none : state === STATE.inParagraph ? MARK.more : MARK.row;
      state = blank ? STATE.between : STATE.inParagraph;
    } else state = delimitedLine(block, i, separator, state);
  }
  block.exit = state;
  block.rows = block.marks.reduce((sum, mark) => sum + (mark === MARK.row ? 1 : 0), 0);
  block.open = block.rows - known(block);
}

/** The number of rows that were checked. Facts of lines that no longer begin a row do not count. */
function known(block: Block<unknown>): number {
  let count = 0;
  for (let i = 0; i < block.marks.length; i++) if (block.marks[i] === MARK.row && block.facts[i] !== undefined) count++;
  return count;
}

/** Marks a line of a delimited file. A quote opens at the start of a field and closes at the next quote that is not doubled. */
function delimitedLine(block: Block<unknown>, i: number, separator: number, state: number): number {
  if (state === STATE.beforeSep) {
    block.marks[i] = MARK.none;
    return STATE.beforeHeader;
  }
  const inside = state === STATE.inHeader || state === STATE.inRecord;
  const start = block.starts[i]!;
  const end = endOf(block, i);
  if (!inside && end === start) {
    block.marks[i] = MARK.none;
    return state;
  }
  const header = state === STATE.beforeHeader || state === STATE.inHeader;
  block.marks[i] = inside ? MARK.more : header ? MARK.header : MARK.row;
  return quotedAfter(block.text, start, end, separator, inside)
    ? header
      ? STATE.inHeader
      : STATE.inRecord
    : STATE.between;
}

function quotedAfter(text: string, start: number, end: number, separator: number, quoted: boolean): boolean {
  const quote = text.indexOf('"', start);
  if (quote < 0 || quote >= end) return quoted;
  let at: 'start' | 'plain' | 'quoted' | 'closing' = quoted ? 'quoted' : 'start';
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (at === 'quoted') {
      if (code === 0x22) at = 'closing';
    } else if (code === separator) at = 'start';
    else if (code === 0x22 && at !== 'plain') at = 'quoted';
    else at = 'plain';
  }
  return at === 'quoted';
}

function isBlank(block: Block<unknown>, i: number): boolean {
  const { text, starts } = block;
  const end = endOf(block, i);
  for (let at = starts[i]!; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x09 && code !== 0x0d && code !== 0xfeff) return false;
  }
  return true;
}

/** True if there is a blank line between two others. Then each paragraph of the text is a row. */
export function hasParagraphs(blocks: readonly Block<unknown>[]): boolean {
  let seen = false;
  let blank = false;
  for (const block of blocks) {
    for (let i = 0; i < block.starts.length; i++) {
      if (isBlank(block, i)) blank = seen;
      else if (blank) return true;
      else seen = true;
    }
  }
  return false;
}
