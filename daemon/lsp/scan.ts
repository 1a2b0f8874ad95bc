import type { Dataset } from './dataset.ts';
import { MARK } from './rows.ts';
import type { Fact } from './totals.ts';

/** Rows with more characters are not tokenised in the background, because a single one would delay everything. */
const LONGEST_COUNTED = 256 * 1024;
/** After this many problems, the search for rows that are too long ends. */
const ENOUGH = 1000;

/**
 * Continues the scan until the time `until` (performance.now). First it reads every row, then it counts the tokens of a sample,
 * then those of rows that are probably too long. Returns false when nothing is left to do.
 */
export function scan(dataset: Dataset, until: number): boolean {
  const { cursors } = dataset;
  for (const pass of [0, 1, 2]) {
    if (pass > 0 && (!dataset.tokenizer || !dataset.format)) return false;
    const wanted = wantedIn(dataset, pass);
    let line = linesBefore(dataset, cursors[pass]!);
    for (; cursors[pass]! < dataset.blocks.length; cursors[pass]!++) {
      const block = dataset.blocks[cursors[pass]!]!;
      for (let i = 0; i < block.marks.length; i++) {
        if (block.marks[i] !== MARK.row) continue;
        const fact = block.facts[i];
        if (pass === 0 ? fact !== undefined : !fact || fact.tokens >= 0 || !wanted(fact)) continue;
        if (performance.now() >= until) return true;
        if (pass === 0) dataset.check(cursors[0]!, i, line + i);
        else dataset.count(cursors[pass]!, i, line + i);
      }
      line += block.marks.length;
    }
  }
  return false;
}

const linesBefore = ({ blocks }: Dataset, block: number): number => {
  let lines = 0;
  for (let i = 0; i < Math.min(block, blocks.length); i++) lines += blocks[i]!.marks.length;
  return lines;
};

function wantedIn(dataset: Dataset, pass: number): (fact: Fact) => boolean {
  if (pass === 1) return (fact) => fact.size <= LONGEST_COUNTED && dataset.inSample(fact);
  const { sample } = dataset.totals;
  const { length } = dataset.settings;
  const perToken = sample.tokens > 0 ? sample.size / sample.tokens : 4;
  return (fact) =>
    fact.size <= LONGEST_COUNTED && fact.size > 0.7 * perToken * length && dataset.totals.problems < ENOUGH;
}
