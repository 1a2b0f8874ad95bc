import { parseRecord } from '../data/readers/csv.ts';
import type { TextKind } from '../data/readers/reader.ts';
import { type Block, lineOf } from './blocks.ts';
import { fieldsOf } from './delimited.ts';
import type { FileProblem } from './problems.ts';
import { MARK } from './rows.ts';

/** The column names of a delimited file, and what is wrong with them. */
export interface Header {
  columns: string[];
  problems: FileProblem[];
  /** The header record as it is written, and its place. */
  place?: { text: string; line: number; lead: number };
}

/** Reads the header of a delimited file: its first record. */
export function readHeader({
  blocks,
  shape,
}: {
  readonly blocks: readonly Block<unknown>[];
  readonly shape: Pick<TextKind, 'delimiter'>;
}): Header {
  let line = 0;
  for (const block of blocks) {
    const index = block.marks.indexOf(MARK.header);
    if (index < 0) {
      line += block.marks.length;
      continue;
    }
    line += index;
    const lead = line === 0 && block.text.charCodeAt(0) === 0xfeff ? 1 : 0;
    let last = index;
    while (block.marks[last + 1] === MARK.more) last++;
    const text = block.text.slice(block.starts[index]! + lead, block.starts[last]! + lineOf(block, last).length);
    return headerOf(text, shape.delimiter, line, lead);
  }
  return { columns: [], problems: [] };
}

function headerOf(text: string, delimiter: string, line: number, lead: number): Header {
  let columns: string[];
  try {
    columns = parseRecord(text, delimiter).map((column) => column.trim());
  } catch (error) {
    const message = `the header cannot be read: ${(error as Error).message}`;
    return { columns: [], problems: [{ code: 'header', message, line, start: lead, end: lead + text.length }] };
  }
  const twice = columns.findIndex((column, i) => columns.indexOf(column) !== i);
  const place = { text, line, lead };
  if (twice < 0) return { columns, problems: [], place };
  const { start, end } = fieldsOf(text, delimiter)[twice]!;
  const message = `the column ${JSON.stringify(columns[twice])} appears twice in the header`;
  return { columns, problems: [{ code: 'header', message, line, start: start + lead, end: end + lead }], place };
}
