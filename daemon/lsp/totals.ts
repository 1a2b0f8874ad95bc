import type { Problem } from './problems.ts';

/** What is known about a row, without its text. */
export interface Fact {
  /** First 48 bits of the sha256 of its text: equal rows have equal keys. */
  key: number;
  /** Characters. */
  size: number;
  problems: readonly Problem[];
  /** Tokens; -1 if they were not counted. */
  tokens: number;
  /** Tokens that training uses, and how many of them count in the loss. */
  kept: number;
  inLoss: number;
  /** The row is part of the sample that the totals are estimated from. */
  sampled: boolean;
}

/** Sums over all facts, kept up to date as rows are added and removed. */
export interface Totals {
  rows: number;
  size: number;
  problems: number;
  /** Rows that repeat an earlier row. */
  repeats: number;
  /** This number changes whenever a row gets its first copy or loses its last one. */
  repeated: number;
  /** Sums over the sampled rows. */
  sample: { rows: number; size: number; tokens: number; kept: number; inLoss: number };
  /** How many rows have this key. */
  times(key: number): number;
  add(fact: Fact): void;
  drop(fact: Fact): void;
  /** Replaces the facts of a row when more is known about it. */
  replace(before: Fact, after: Fact): void;
}

let states = 0;

export function emptyTotals(): Totals {
  const keys = new Map<number, number>();
  const sample = { rows: 0, size: 0, tokens: 0, kept: 0, inLoss: 0 };
  const totals: Totals = {
    rows: 0,
    size: 0,
    problems: 0,
    repeats: 0,
    repeated: ++states,
    sample,
    times: (key) => keys.get(key) ?? 0,
    add: (fact) => {
      sum(fact, 1);
      const times = (keys.get(fact.key) ?? 0) + 1;
      keys.set(fact.key, times);
      if (times > 1) totals.repeats++;
      if (times === 2) totals.repeated = ++states;
    },
    drop: (fact) => {
      sum(fact, -1);
      const times = (keys.get(fact.key) ?? 0) - 1;
      if (times > 0) keys.set(fact.key, times);
      else keys.delete(fact.key);
      if (times > 0) totals.repeats--;
      if (times === 1) totals.repeated = ++states;
    },
    replace: (before, after) => {
      sum(before, -1);
      sum(after, 1);
    },
  };
  const sum = (fact: Fact, sign: 1 | -1): void => {
    totals.rows += sign;
    totals.size += sign * fact.size;
    totals.problems += sign * fact.problems.length;
    if (!fact.sampled) return;
    sample.rows += sign;
    sample.size += sign * fact.size;
    sample.tokens += sign * fact.tokens;
    sample.kept += sign * fact.kept;
    sample.inLoss += sign * fact.inLoss;
  };
  return totals;
}
