import { readSample } from '../data/detect.ts';
import type { RowFormat, Sample } from '../data/formats/format.ts';
import { formatOf } from '../data/formats/registry.ts';
import { BadRow, type Fault, type Row } from '../data/row.ts';
import { parseTree, type JsonNode } from './jsonTree.ts';
import { lint } from './lint.ts';
import { mapRow } from '../data/columns.ts';
import { spanOf, type Shape, writtenRow } from './parse.ts';
import type { Code, Problem } from './problems.ts';

/** What was found by reading a row. */
export interface Checked {
  problems: Problem[];
  row?: Row;
  sample?: Sample;
}

const CODES: Record<Fault, Code> = {
  json: 'invalid-json',
  size: 'too-long',
  encoding: 'not-utf8',
  columns: 'field-count',
  quotes: 'unclosed-quote',
  missing: 'missing-field',
  type: 'wrong-type',
  role: 'unknown-role',
  empty: 'empty-list',
  mixed: 'mixed-format',
  template: 'template-refuses',
  marks: 'cannot-obey',
  'left-out': 'left-out',
};

/** Reads a row as training does and finds everything that is wrong with it, as far as that needs no tokenizer. */
export function checkRow(text: string, shape: Shape, format: RowFormat | undefined): Checked {
  const problems: Problem[] = [];
  if (text.includes('\uFFFD')) problems.push(replaced(text));
  let row: Row;
  try {
    row = writtenRow(text, shape);
  } catch (error) {
    if (!(error instanceof BadRow)) throw error;
    // A quote that is never closed is a problem of the whole file, because it swallows everything after it (diagnostics.ts).
    if (error.fault !== 'quotes')
      problems.push(shape.json ? jsonProblem(text, error) : badRowProblem(text, shape, error));
    return { problems };
  }
  if (shape.json && repeatsName(text, row)) problems.push(...repeatedFields(text));
  if (shape.map) row = mapRow(row, shape.map);
  if (format === undefined) return { problems, row };
  try {
    const sample = readSample(format, row);
    problems.push(...lint(format, row, sample).map((found) => ({ ...found, ...spanOf(text, shape, found.path) })));
    return { problems, row, sample };
  } catch (error) {
    if (!(error instanceof BadRow)) throw error;
    const known = formatOf(row) !== undefined || error.path.length > 1;
    const message = known ? error.message : `${error.message}; a row of ${format.label} has ${format.columns}`;
    problems.push({ ...badRowProblem(text, shape, error), message });
    return { problems, row };
  }
}

/** Turns a BadRow into a problem with its place. */
export function badRowProblem(text: string, shape: Shape, error: BadRow): Problem {
  const path = [...error.path];
  return { code: CODES[error.fault], message: error.message, ...spanOf(text, shape, path), path };
}

function jsonProblem(text: string, error: BadRow): Problem {
  if (error.fault === 'size' && !error.message.startsWith('JSON')) return badSize(error);
  const parsed = parseTree(text);
  if ('fault' in parsed) {
    const { at, message } = parsed.fault;
    const start = Math.min(at, Math.max(0, text.trimEnd().length - 1));
    if (error.fault === 'size') return { code: 'too-deep', message: error.message, start, end: start + 1 };
    return { code: 'invalid-json', message: `not valid JSON: ${message}`, start, end: start + 1 };
  }
  const { start, end } = parsed.root;
  return { code: 'not-an-object', message: error.message, start, end };
}

const badSize = ({ message }: BadRow): Problem => ({ code: 'too-long', message, start: 0, end: 200 });

function replaced(text: string): Problem {
  const start = text.indexOf('\uFFFD');
  const message = 'this is the replacement character U+FFFD: some text was lost when these bytes were read as UTF-8';
  return { code: 'replacement-character', message, start, end: start + 1 };
}

/** A cheap test whether a field name is written more than once. Strings that look like names only cost a closer look. */
function repeatsName(text: string, row: Row): boolean {
  for (const name of Object.keys(row)) {
    const written = JSON.stringify(name);
    const first = text.indexOf(written);
    if (first >= 0 && text.indexOf(written, first + written.length) >= 0) return true;
  }
  return false;
}

function repeatedFields(text: string): Problem[] {
  const parsed = parseTree(text);
  if ('fault' in parsed) return [];
  const { members = [] }: JsonNode = parsed.root;
  return members
    .filter(({ name }, i) => members.findIndex((other) => other.name === name) !== i)
    .map(({ name, key }) => ({
      code: 'duplicate-field',
      message: `${JSON.stringify(name.slice(0, 40))} appears twice in this row; only the last one is read`,
      ...key,
      path: [name],
    }));
}
