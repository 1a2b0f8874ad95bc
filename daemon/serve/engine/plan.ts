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

/** More rows than this fill a run by themselves, so that guesses do not pay. */
const GUESSING_ROWS = 4;

/** Most tokens of prompts that are read in one run. With more, attention computes more that the mask hides, which costs what fewer runs gain. */
const LONGEST = 128;

/** New tokens that the row can have before the border of its block. */
const roomInBlock = (length: number): number => BLOCK - (length % BLOCK);

export const generates = ({ pending }: PlannedRow): boolean => pending === 1;

/** Tokens that a row may guess in this step, if so many rows generate in its run. */
export const guessesOf = ({ guesses }: PlannedRow, rows: number): number => (rows > GUESSING_ROWS ? 0 : guesses);

/**
 * Which rows read a part of their prompts in this step, and how many tokens: interactive ones first, then those that came first. All parts
 * together have at most `most` tokens, but the first row reads at least up to the border of a block. Parts end at borders, or with the prompt.
 */
export function readings<R extends PlannedRow>(
  rows: readonly R[],
  most: number,
): { readonly row: R; readonly count: number }[] {
  const waiting = rows
    .filter((row) => !generates(row))
    .sort((a, b) => Number(b.interactive) - Number(a.interactive) || a.order - b.order);
  const parts: { row: R; count: number }[] = [];
  let left = Math.min(most, LONGEST);
  for (const row of waiting) {
    const border = roomInBlock(row.length);
    const whole = border < BLOCK ? border : Math.max(BLOCK, left - (left % BLOCK));
    const count = Math.min(row.readable, whole);
    if (parts.length > 0 && count > left) break;
    parts.push({ row, count });
    left -= count;
  }
  return parts;
}
