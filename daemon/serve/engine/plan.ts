import { BLOCK } from './attention.ts';

/** What the plan must know of a row. */
export interface PlannedRow {
  /** Tokens in its cache. */
  readonly length: number;
  /** Tokens that are known but not in its cache: one where the row generates, more where it still reads its prompt. */
  readonly pending: number;
  /** Most tokens that it may guess. */
  readonly guesses: number;
  readonly interactive: boolean;
  /** Smaller numbers came first. */
  readonly order: number;
}

/** Rows of one table in one run of the graph, each with `length` new tokens; rows with fewer are filled up. */
export interface PlannedRun<R> {
  readonly rows: readonly R[];
  readonly length: number;
}

/** Rows whose prompts are read in one run. */
const PREFILL_ROWS = 4;
/** More rows than this fill a run by themselves, so that guesses do not pay. */
const GUESSING_ROWS = 4;

/** New tokens that the row can have before the border of its block. */
export const roomInBlock = (length: number): number => BLOCK - (length % BLOCK);

export const generates = ({ pending }: PlannedRow): boolean => pending === 1;

/** Tokens that a row may guess in this step, if so many rows generate in its run. */
export const guessesOf = ({ length, guesses }: PlannedRow, rows: number): number =>
  rows > GUESSING_ROWS ? 0 : Math.min(guesses, roomInBlock(length) - 1);

/** Which rows of a table read a part of their prompts in this step: interactive ones first, then those that came first. One run at most. */
export function prefillRun<R extends PlannedRow>(rows: readonly R[]): PlannedRun<R> | undefined {
  const reading = rows
    .filter((row) => !generates(row))
    .sort((a, b) => Number(b.interactive) - Number(a.interactive) || a.order - b.order);
  const [first] = reading;
  if (!first) return undefined;
  const length = Math.min(first.pending, roomInBlock(first.length));
  if (length < BLOCK) return { rows: [first], length };
  const whole = reading.filter((row) => row.length % BLOCK === 0 && row.pending >= BLOCK);
  return { rows: whole.slice(0, PREFILL_ROWS), length };
}
