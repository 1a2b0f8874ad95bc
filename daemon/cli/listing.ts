import { type Command, Option } from 'commander';
import { nonNegativeInteger } from './options.ts';
import { plain, print, printJson } from './output.ts';
import { table } from './table.ts';

const PAGE = 500; // rows of one answer
const SHOWN = 50; // rows that a person reads

export interface ListFlags {
  json?: boolean;
  limit?: number;
}

/** A column: its head, the cell of a row, and the side it is aligned to. */
export interface Column<T> {
  head: string;
  cell: (row: T) => string;
  side?: 'left' | 'right';
}

export const addLimit = (command: Command): Command =>
  command.addOption(
    new Option('--limit <n>', `most rows to print; 0 means all (default: ${SHOWN}; with --json all)`).argParser(
      nonNegativeInteger,
    ),
  );

/** Prints a list page by page: one object per line, or a table; `none` if it is empty. */
export async function printList<T extends Record<string, unknown>>(
  pages: (page: { limit: number; after?: string }) => Promise<{ items: T[]; next?: string | undefined }>,
  { json = false, limit }: ListFlags,
  columns: readonly Column<T>[],
  none: string,
): Promise<void> {
  const most = (limit ?? (json ? 0 : SHOWN)) || Infinity;
  const rows: T[] = [];
  let count = 0;
  let after: string | undefined;
  do {
    const page = await pages({ limit: Math.min(PAGE, most - count), ...(after === undefined ? {} : { after }) });
    if (json) page.items.forEach(printJson);
    else rows.push(...page.items);
    count += page.items.length;
    after = page.next;
  } while (after !== undefined && count < most);
  if (json) return;
  if (rows.length === 0) print(none);
  else print(tableOf(rows, columns));
  if (after !== undefined) print(`These are the first ${rows.length}; --limit 0 prints all`);
}

/** Rows under the heads of their columns. */
export function tableOf<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
  const left = columns.flatMap(({ side = 'left' }, i) => (side === 'left' ? [i] : []));
  return table(
    [columns.map(({ head }) => head), ...rows.map((row) => columns.map(({ cell }) => plain(cell(row))))],
    left,
  );
}

/** Prints facts, one per line; undefined ones are left out. */
export function printFacts(facts: readonly (readonly [name: string, value: string | undefined])[]): void {
  const present = facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
  print(
    table(
      present.map(([name, value]) => [name, plain(value)]),
      [0, 1],
    ),
  );
}
