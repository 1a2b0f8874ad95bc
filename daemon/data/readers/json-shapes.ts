import { isObject } from '../../formats/json.ts';
import { formatOf } from '../formats/registry.ts';
import { BadRow, type Row } from '../row.ts';
import type { Extent } from './json-scan.ts';
import { splitOf } from './splits.ts';

/** A part of the object that a file is. */
export interface Member {
  readonly name: string;
  readonly kind: 'list' | 'object' | 'other';
  readonly extent: Extent;
  /** The first value of a list, or the whole object, if it is small enough to be looked at. */
  readonly first: unknown;
}

/** Where the rows of an object are. */
export type Shape =
  /** Lists of rows. */
  | { as: 'lists'; train: readonly Member[]; heldOut: readonly Member[] }
  /** A list of things, each of which has several rows. */
  | { as: 'nested'; member: Member; rows: (thing: Row) => Row[] }
  /** Every part is a row, under the name of the row. */
  | { as: 'members' }
  /** Every part is a column. */
  | { as: 'table' };

/** What people call the list of rows, the commonest first. */
const NAMES = [
  'data',
  'rows',
  'train',
  'examples',
  'instances',
  'items',
  'records',
  'dataset',
  'conversations',
  'samples',
];

/** True if a format reads this row. */
export function isRow(row: unknown): boolean {
  if (!isObject(row)) return false;
  try {
    return formatOf(row)?.read(row) !== undefined;
  } catch (error) {
    if (error instanceof BadRow) return false;
    throw error;
  }
}

/** The service of the Hugging Face hub that shows datasets wraps each row in its number. */
export const asRow = (row: Row): Row => (isObject(row['row']) && typeof row['row_idx'] === 'number' ? row['row'] : row);

/** Where the rows are in an object that is no row itself. Undefined if it does not show. Pure. */
export function choose(members: readonly Member[]): Shape | undefined {
  const lists = members.filter(({ kind, first }) => kind === 'list' && isObject(first));
  const named = lists.filter(({ name }) => splitOf(name) !== undefined);
  if (named.length === lists.length && named.some(({ name }) => splitOf(name) === 'train')) {
    const train = named.filter(({ name }) => splitOf(name) === 'train');
    return { as: 'lists', train, heldOut: named.filter((one) => !train.includes(one)) };
  }
  const best = [...lists].sort((a, b) => rank(a) - rank(b) || b.extent.length - a.extent.length)[0];
  if (best && isArticle(best.first)) return { as: 'nested', member: best, rows: questionsOf };
  if (best) return { as: 'lists', train: [best], heldOut: [] };
  if (members.length === 0) return undefined;
  const objects = members.every(({ kind }) => kind === 'object');
  if (objects && isRow(members[0]!.first)) return { as: 'members' };
  if (objects || members.every(({ kind }) => kind === 'list')) return { as: 'table' };
  return undefined;
}

/** Lists whose first row a format reads come first, then those with a usual name. */
function rank({ name, first }: Member): number {
  const usual = NAMES.indexOf(name.toLowerCase());
  const read = isObject(first) && (isRow(asRow(first)) || isArticle(first));
  return (read ? 0 : 100) + (usual < 0 ? NAMES.length : usual);
}

/** SQuAD and what is laid out like it: articles of paragraphs with questions. */
const isArticle = (thing: unknown): boolean =>
  isObject(thing) &&
  Array.isArray(thing['paragraphs']) &&
  thing['paragraphs'].some((one) => isObject(one) && Array.isArray(one['qas']));

/** The questions of an article with their first answer. Questions without an answer are left out. */
function questionsOf(article: Row): Row[] {
  const list = (value: unknown): Row[] => (Array.isArray(value) ? value.filter(isObject) : []);
  return list(article['paragraphs']).flatMap(({ context, qas }) =>
    list(qas).flatMap(({ question, answers }) => {
      const answer = list(answers)[0]?.['text'];
      if (typeof question !== 'string' || typeof answer !== 'string' || answer === '') return [];
      return [{ instruction: question, input: typeof context === 'string' ? context : '', output: answer }];
    }),
  );
}

/**
 * The rows of a table: lists of the same length under the names of columns; objects with the same keys, as pandas writes them; or
 * `columns` and `data`. Undefined if it is none of these.
 */
export function tableRows(table: Row): Row[] | undefined {
  const { columns, data } = table;
  if (Array.isArray(columns) && Array.isArray(data) && data.every((one) => Array.isArray(one)))
    return (data as unknown[][]).map((row) => Object.fromEntries(columns.map((name, i) => [String(name), row[i]])));
  const entries = Object.entries(table);
  if (entries.every(([, values]) => Array.isArray(values))) {
    const lists = entries as [string, unknown[]][];
    const { length } = lists[0]![1];
    if (length === 0 || lists.some(([, values]) => values.length !== length)) return undefined;
    return Array.from({ length }, (_, i) => Object.fromEntries(lists.map(([name, values]) => [name, values[i]])));
  }
  if (!entries.every(([, values]) => isObject(values))) return undefined;
  const objects = entries as [string, Row][];
  const keys = Object.keys(objects[0]![1]);
  const same = objects.every(([, values]) => keys.length > 0 && keys.every((key) => key in values));
  if (!same || keys.length !== Object.keys(objects.at(-1)![1]).length) return undefined;
  return keys.map((key) => Object.fromEntries(objects.map(([name, values]) => [name, values[key]])));
}
