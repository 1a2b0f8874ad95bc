/** An evaluation of inline completions in words: one wording for command line, editor and panel. */
import type { CompletionFigures, CompletionReport, CompletionSide, Interval } from './completionReport.ts';
import { wholeText } from './text.ts';

/** The columns of the table. */
export const COMPLETION_COLUMNS: readonly { readonly name: keyof CompletionFigures; readonly label: string }[] = [
  { name: 'exactMatch', label: 'Exact' },
  { name: 'editSimilarity', label: 'Similarity' },
  { name: 'kept', label: 'Kept' },
  { name: 'passRate', label: 'Tests pass' },
];

export const shareText = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** 'notes (VeRA)', 'base'. */
export const sideText = ({ name, method }: CompletionSide): string => (method === null ? name : `${name} (${method})`);

const signed = (share: number): string => `${share < 0 ? '−' : '+'}${Math.abs(100 * share).toFixed(1)}`;

/** '+9.0 (+2.1 to +16.0)', in percentage points. */
export const intervalText = ({ value, low, high }: Interval): string =>
  `${signed(value)} (${signed(low)} to ${signed(high)})`;

/** What was measured: the first line of a report. */
export function completionScope({ cases, lines, blocks, files, leftOut }: CompletionReport): string {
  const left = leftOut === 0 ? '' : `; ${wholeText(leftOut)} files that an adapter may know were left out`;
  return `${wholeText(cases)} places in ${wholeText(files)} ${files === 1 ? 'file' : 'files'} (${lines} rests of lines, ${blocks} blocks)${left}`;
}

/**
 * For each adapter: does it complete better than the base? A difference whose 95 % interval holds zero is called what it is: no
 * difference that these cases can show.
 */
export function completionVerdicts({ sides, differences, cases, files }: CompletionReport): string[] {
  return sides.slice(1).flatMap((side, i) => {
    const difference = differences.find(({ of, than }) => of === i + 1 && than === 0);
    if (difference === undefined) return [];
    const [ours, theirs] = [side.figures, sides[0]!.figures];
    const on = `On ${wholeText(cases)} held-out places in ${wholeText(files)} ${files === 1 ? 'file' : 'files'}`;
    const counts = `${side.name} completes ${per100(ours.exactMatch)} of 100 exactly, the base ${per100(theirs.exactMatch)}; of what it suggests, a person would keep ${per100(ours.kept)} %, of the base's ${per100(theirs.kept)} %`;
    const { low, high } = difference.editSimilarity;
    const verdict =
      low > 0
        ? 'It completes better than the base.'
        : high < 0
          ? 'It completes worse than the base.'
          : 'The difference in similarity is within the noise of so few cases.';
    return [`${on}, ${counts}. ${verdict}`];
  });
}

const per100 = (share: number): number => Math.round(100 * share);
