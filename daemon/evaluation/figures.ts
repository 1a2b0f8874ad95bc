/** Figures of many suggestions, and how sure their differences are. Pure. */
import { seededRandom } from '../data/random.ts';
import type { CompletionFigures, Interval } from '../protocol/completionReport.ts';
import type { Score } from './measures.ts';

/** Over all cases. `kept` is a share of all characters that were suggested, so that many short suggestions do not hide a long wrong one. */
const FIGURES: Readonly<Record<keyof CompletionFigures, (scores: readonly Score[]) => number>> = {
  exactMatch: (scores) => mean(scores, ({ exact }) => Number(exact)),
  editSimilarity: (scores) => mean(scores, ({ similarity }) => similarity),
  kept: (scores) => {
    const suggested = sum(scores, ({ characters }) => characters);
    return suggested === 0 ? 0 : sum(scores, ({ kept }) => kept) / suggested;
  },
  passRate: (scores) => mean(scores, ({ passed }) => Number(passed === true)),
};

const namesFor = (scores: readonly Score[]): (keyof CompletionFigures)[] =>
  scores.some(({ passed }) => passed !== undefined)
    ? ['exactMatch', 'editSimilarity', 'kept', 'passRate']
    : ['exactMatch', 'editSimilarity', 'kept'];

export const figuresOf = (scores: readonly Score[]): CompletionFigures =>
  Object.fromEntries(namesFor(scores).map((name) => [name, FIGURES[name](scores)])) as unknown as CompletionFigures;

const RESAMPLES = 2000;
const OUTSIDE = 0.025; // on each side, of a 95 % interval

/**
 * How much better `of` is than `than` on the same cases, with the 95 % interval of a paired bootstrap over the cases (Efron 1979, the
 * percentile method): in each resample, a case brings both of its scores.
 */
export function differencesOf(
  of: readonly Score[],
  than: readonly Score[],
  seed: number,
): Record<keyof CompletionFigures, Interval> {
  const random = seededRandom('bootstrap', seed);
  const count = of.length;
  const names = namesFor(of);
  const drawn = new Map(names.map((name) => [name, new Float64Array(RESAMPLES)]));
  for (let i = 0; i < RESAMPLES; i++) {
    const cases = Array.from({ length: count }, () => Math.floor(random() * count));
    const [ours, theirs] = [of, than].map((scores) => cases.map((at) => scores[at]!)) as [Score[], Score[]];
    for (const [name, values] of drawn) values[i] = FIGURES[name](ours) - FIGURES[name](theirs);
  }
  const interval = (name: keyof CompletionFigures): Interval => {
    const values = drawn.get(name)!.sort();
    const at = (share: number): number => values[Math.min(RESAMPLES - 1, Math.floor(share * RESAMPLES))]!;
    return { value: FIGURES[name](of) - FIGURES[name](than), low: at(OUTSIDE), high: at(1 - OUTSIDE) };
  };
  return Object.fromEntries(names.map((name) => [name, interval(name)])) as Record<keyof CompletionFigures, Interval>;
}

const sum = (scores: readonly Score[], of: (score: Score) => number): number =>
  scores.reduce((total, score) => total + of(score), 0);
const mean = (scores: readonly Score[], of: (score: Score) => number): number =>
  scores.length === 0 ? 0 : sum(scores, of) / scores.length;
