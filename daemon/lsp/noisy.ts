import type { Block } from './blocks.ts';
import type { Fact, Totals } from './totals.ts';

/** Lines of a block whose rows have problems or are repeated elsewhere. The list is kept until one of them changes. */
export function noisyLines(block: Block<Fact>, totals: Totals): readonly number[] {
  if (block.noisy?.repeats === totals.repeated) return block.noisy.lines;
  const lines: number[] = [];
  for (let i = 0; i < block.facts.length; i++) {
    const fact = block.facts[i];
    if (fact && (fact.problems.length > 0 || (totals.repeats > 0 && totals.times(fact.key) > 1))) lines.push(i);
  }
  block.noisy = { lines, repeats: totals.repeated };
  return lines;
}
