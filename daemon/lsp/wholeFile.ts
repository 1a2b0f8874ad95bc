import { setImmediate } from 'node:timers/promises';
import { ResponseError, type TextEdit } from 'vscode-languageserver-protocol';
import { BadRow, type Row } from '../data/row.ts';
import { formatOf, rowFormatNamed } from '../data/formats/registry.ts';
import { convertRow } from './convert.ts';
import type { Dataset, DatasetRow } from './dataset.ts';
import { removal, rewrite } from './edits.ts';
import { isAccepted, mendRow } from './mend.ts';
import { parseRow } from './parse.ts';

/** An action on all rows of a document. Its edit is made when a person chooses it. */
export interface Whole {
  uri: string;
  version: number;
  kind: 'mend' | 'repeats' | 'empty' | 'convert' | 'lines';
  target?: string;
}

/** Milliseconds of work before other requests are answered. */
const SLICE = 10;
/** Characters of the largest JSON list that is rewritten, because that happens in memory. */
const LARGEST_LIST = 16 * 1024 * 1024;

/** Makes the edits of an action on all rows, in slices of time. It stops if it is cancelled or the document changes meanwhile. */
export async function editAll(
  dataset: Dataset,
  { version, kind, target }: Whole,
  cancelled: () => boolean,
): Promise<TextEdit[]> {
  if (kind === 'lines') return linesOfList(dataset);
  const edits: TextEdit[] = [];
  const seen = new Set<number>();
  let until = performance.now() + SLICE;
  for (const row of dataset.eachRow()) {
    if (performance.now() > until) {
      await setImmediate();
      if (cancelled()) return [];
      if (dataset.version !== version) throw new ResponseError(-32801, 'the document has changed');
      until = performance.now() + SLICE;
    }
    dataset.check(row.block, row.index, row.line);
    const fact = dataset.blocks[row.block]!.facts[row.index]!;
    if (kind === 'repeats') {
      if (seen.has(fact.key)) edits.push(removal(dataset, row));
      else seen.add(fact.key);
    } else if (kind === 'empty') {
      const nothing = fact.problems.some(({ code }) =>
        ['empty-list', 'empty-text', 'empty-answer', 'no-answer', 'nothing-learned'].includes(code),
      );
      if (nothing) edits.push(removal(dataset, row));
    } else {
      const next = kind === 'convert' ? converted(dataset, row, target!) : mended(dataset, row, fact.problems.length);
      if (next) edits.push(rewrite(dataset, row, next));
    }
  }
  return edits;
}

function mended(dataset: Dataset, row: DatasetRow, problems: number): Row | undefined {
  // Without a format every row needs the fix, although only the first row reports the problem.
  if (problems === 0 && dataset.format) return undefined;
  return read(dataset, row, (columns) => mendRow(columns, dataset.format)?.row);
}

const converted = (dataset: Dataset, row: DatasetRow, name: string): Row | undefined =>
  read(dataset, row, (columns) => {
    const own = formatOf(columns);
    const target = rowFormatNamed(name);
    if (!own || !target || own === target) return undefined;
    const next = convertRow(columns, own.read(columns), target);
    return next && isAccepted(next, target) ? next : undefined;
  });

function read(dataset: Dataset, row: DatasetRow, use: (columns: Row) => Row | undefined): Row | undefined {
  try {
    return use(parseRow(row.text, dataset.shape));
  } catch (error) {
    if (error instanceof BadRow) return undefined;
    throw error;
  }
}

function linesOfList(dataset: Dataset): TextEdit[] {
  if (dataset.size > LARGEST_LIST) return [];
  const text = dataset.blocks.map((block) => block.text).join('');
  let list: unknown;
  try {
    list = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return [];
  }
  if (!Array.isArray(list)) return [];
  const end = { line: dataset.lines, character: 0 };
  return [
    {
      range: { start: { line: 0, character: 0 }, end },
      newText: list.map((row) => `${JSON.stringify(row)}\n`).join(''),
    },
  ];
}
