import { MAX_ROW_BYTES, type TextKind } from '../data/readers/reader.ts';
import { BadRow, type FieldPath, type Row } from '../data/row.ts';
import { fieldsOf } from './delimited.ts';
import { follow, parseTree, pathAt } from './jsonTree.ts';

/** How the rows of an open file are read. */
export interface Shape extends TextKind {
  layout: TextKind['layout'];
  /** The column names in the header. */
  columns: readonly string[];
}

export interface Span {
  start: number;
  end: number;
}

/** In rows with more characters than this, all problems are shown at the beginning of the row. */
const PLACED = 2 * 1024 * 1024;

/** The columns of a row, as training reads them. Throws BadRow. */
export function parseRow(text: string, shape: Shape): Row {
  // Counting bytes is slow and only needed near the limit.
  if (text.length > MAX_ROW_BYTES / 3 && Buffer.byteLength(text) > MAX_ROW_BYTES) {
    throw new BadRow(`the row is longer than the limit of ${MAX_ROW_BYTES / 1024 / 1024} MiB; split it`, 'size');
  }
  return shape.parse(text, shape.columns);
}

/** The place of the value at `path`. If there is no value, it is the opening bracket of the object or list that should have it. */
export function spanOf(text: string, shape: Shape, path: FieldPath): Span {
  const beginning = { start: 0, end: Math.min(text.length, 200) };
  if (text.length > PLACED) return beginning;
  if (shape.json) {
    const parsed = parseTree(text);
    if ('fault' in parsed) return beginning;
    if (path.length === 0) return { start: parsed.root.start, end: parsed.root.end };
    const { node, deepest } = follow(parsed.root, path);
    if (node) return { start: node.start, end: node.end };
    return { start: deepest.start, end: deepest.start + 1 };
  }
  const column = path.length === 0 ? -1 : shape.columns.indexOf(String(path[0]));
  return (column >= 0 ? fieldsOf(text, shape.delimiter)[column] : undefined) ?? { start: 0, end: text.length };
}

/** The path of the field at `offset`. */
export function fieldAt(text: string, shape: Shape, offset: number): (string | number)[] {
  if (text.length > PLACED) return [];
  if (shape.json) {
    const parsed = parseTree(text);
    return 'fault' in parsed ? [] : pathAt(parsed.root, offset);
  }
  if (shape.delimiter === '') return ['text'];
  const column = fieldsOf(text, shape.delimiter).findIndex(({ start, end }) => offset >= start && offset <= end);
  return shape.columns[column] === undefined ? [] : [shape.columns[column]];
}

/** `messages[1].content` */
export const pathText = (path: FieldPath): string =>
  path.reduce<string>(
    (out, step) => (typeof step === 'number' ? `${out}[${step}]` : out === '' ? step : `${out}.${step}`),
    '',
  );
