import { BLOCK } from './attention.ts';

/** What the plan must know of a row. */
export interface PlannedRow {
  /** Tokens in its cache. */
  readonly length: number;
  /** Tokens that are known but not in its cache: one where the row generates, more where it still reads its prompt. */
  readonly pending: number;
  /** Those of them that may be read now: not beyond the token at which an adapter starts. */
  readonly readable: number;
  /** Most tokens that it may guess. */
  readonly guesses: number;
  readonly interactive: boolean;
  /** Smaller numbers came first. */
  readonly order: number;
}

/** Rows of one table in one run of the graph, with the number of new tokens of each. Rows with fewer than the others are filled up. */
export interface PlannedRun<R> {
  readonly rows: readonly { readonly row: R; readonly count: number }[];
}

/** Rows whose prompts are read in one run. */
const PREFILL_ROWS = 4;
/** More rows than this fill a run by themselves, so that guesses do not pay. */
const GUESSING_ROWS = 4;

/** New tokens that the row can have before the border of its block. */
const roomInBlock = (length: number): number => BLOCK - (length % BLOCK);

export const generates = ({ pending }: PlannedRow): boolean => pending === 1;

/** Tokens that a row may guess in this step, if so many rows generate in its run. */
export const guessesOf = ({ length, guesses }: PlannedRow, rows: number): number =>
  rows > GUESSING_ROWS ? 0 : Math.min(guesses, roomInBlock(length) - 1);

/**
 * Which rows of a table read a part of their prompts in this step, at most up to the border of a block: interactive ones first, then those
 * that came first. Rows join the first one where they have about as much to read. One run at most, so that nobody waits long.
 */
export function prefillRun<R extends PlannedRow>(rows: readonly R[]): PlannedRun<R> | undefined {
  const parts = rows
    .filter((row) => !generates(row))
    .sort((a, b) => Number(b.interactive) - Number(a.interactive) || a.order - b.order)
    .map((row) => ({ row, count: Math.min(row.readable, roomInBlock(row.length)) }));
  const [first] = parts;
  if (!first) return undefined;
  const alike = parts.filter(({ count }) => count <= first.count && count * 2 >= first.count);
  return { rows: alike.slice(0, PREFILL_ROWS) };
}
