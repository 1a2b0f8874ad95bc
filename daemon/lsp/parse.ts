import { mapRow, type ColumnMap } from '../data/columns.ts';
import { MAX_ROW_BYTES, type TextKind } from '../data/readers/reader.ts';
import { BadRow, type FieldPath, type Row } from '../data/row.ts';
import { fieldsOf } from './delimited.ts';
import { follow, parseTree, pathAt } from './jsonTree.ts';

/** How the rows of an open file are read. */
export interface Shape extends TextKind {
  layout: TextKind['layout'];
  delimiter: string;
  /** Lines before the header: one if it is `sep=;`. */
  skip: number;
  /** Which column is read as what; undefined if the setting names none. */
  map?: ColumnMap | undefined;
  /** The column names in the header. */
  columns: readonly string[];
}

export interface Span {
  start: number;
  end: number;
}

/** In rows with more characters than this, all problems are shown at the beginning of the row. */
const PLACED = 2 * 1024 * 1024;

/** The columns of a row under the names that training reads. Throws BadRow. */
export function parseRow(text: string, shape: Shape): Row {
  const row = writtenRow(text, shape);
  return shape.map ? mapRow(row, shape.map) : row;
}

/** The columns of a row as they are written. Throws BadRow. */
export function writtenRow(text: string, shape: Shape): Row {
  // Counting bytes is slow and only needed near the limit.
  if (text.length > MAX_ROW_BYTES / 3 && Buffer.byteLength(text) > MAX_ROW_BYTES) {
    throw new BadRow(`the row is longer than the limit of ${MAX_ROW_BYTES / 1024 / 1024} MiB; split it`, 'size');
  }
  return shape.parse(text, shape.columns, shape.delimiter);
}

/** The place of the value at `path`. If there is no value, it is the opening bracket of the object or list that should have it. */
export function spanOf(text: string, shape: Shape, readPath: FieldPath): Span {
  const path = writtenPath(readPath, shape);
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
    return 'fault' in parsed ? [] : readPathOf(pathAt(parsed.root, offset), shape);
  }
  if (shape.delimiter === '') return ['text'];
  const column = fieldsOf(text, shape.delimiter).findIndex(({ start, end }) => offset >= start && offset <= end);
  return shape.columns[column] === undefined ? [] : readPathOf([shape.columns[column]], shape);
}

/** Where the value stands that is read at `path`: the column `frage`, or `answers.text.0` in it, for `prompt`. */
function writtenPath(path: FieldPath, { map, json }: Shape): FieldPath {
  const source = map?.get(String(path[0]));
  if (source === undefined) return path;
  const steps = json ? source.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step)) : [source];
  return [...steps, ...path.slice(1)];
}

/** The opposite of `writtenPath`. */
function readPathOf(path: (string | number)[], { map }: Shape): (string | number)[] {
  for (const [target, source] of map ?? []) {
    for (let length = 1; length <= path.length; length++)
      if (path.slice(0, length).join('.') === source) return [target, ...path.slice(length)];
  }
  return path;
}

/** `messages[1].content` */
export const pathText = (path: FieldPath): string =>
  path.reduce<string>(
    (out, step) => (typeof step === 'number' ? `${out}[${step}]` : out === '' ? step : `${out}.${step}`),
    '',
  );
