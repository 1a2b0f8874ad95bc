/** Whether a run made the model better, in plain words. Command line, notification, panel and report show this sentence. */
import { z } from 'zod';
import { type RunEvent, runEvent, type RunEventOf } from './runEvents.ts';
import { wholeText } from './text.ts';

/** What a run knows at its end of its held-out rows: fields of its events 'done' and 'report'. */
export type RunFigures = Pick<RunEventOf<'done'>, 'evalLoss' | 'baseEvalLoss'> &
  Pick<RunEventOf<'report'>, 'accuracy' | 'baseAccuracy' | 'lossNoise' | 'heldOutRows' | 'heldOutTokens'>;

export const verdict = z.object({
  /** unclear: the difference can be chance. unknown: nothing was held out. */
  outcome: z.enum(['better', 'worse', 'unclear', 'unknown']),
  sentence: z.string(),
});
export type Verdict = z.infer<typeof verdict>;

/** A difference of less than so many standard errors happens by chance once in twenty times. */
const ERRORS = 1.96;

/** `model`: what was trained, 'the adapter' or 'the model' (all weights). */
export function runVerdict(figures: RunFigures, model = 'the adapter'): Verdict {
  const { evalLoss: after, baseEvalLoss: before, lossNoise = null } = figures;
  if (before === null || after === null)
    return {
      outcome: 'unknown',
      sentence: `No rows were held out, so nothing shows whether ${model} is better than the base. Hold out a share of the rows to find out.`,
    };
  const on = scopeOf(figures);
  const change = after - before;
  const [from, to] = lossesText(before, after);
  if (change === 0 || (lossNoise !== null && Math.abs(change) < ERRORS * lossNoise)) {
    const went = from === to ? `the loss stayed at ${to}` : `the loss went from ${from} to ${to}`;
    return {
      outcome: 'unclear',
      sentence: `${on}, ${went}. Such a small difference can be chance, so it does not show that ${model} is better or worse than the base.`,
    };
  }
  // A run of an earlier version does not say how many rows there were.
  const doubt =
    lossNoise === null && figures.heldOutRows !== undefined ? ' These are too few rows to say how sure that is.' : '';
  if (change < 0)
    return {
      outcome: 'better',
      sentence: `${on}, the loss fell from ${from} to ${to} (${percentOf(change, before)} lower)${guessesOf(figures, model)}.${doubt}`,
    };
  return {
    outcome: 'worse',
    sentence: `${on}, the loss rose from ${from} to ${to} (${percentOf(change, before)} higher): ${model} predicts them worse than the base. Try a lower learning rate, more data or fewer steps.${doubt}`,
  };
}

/** The verdict of a run from its stored report, with its events 'report' and 'done'; undefined for a run that has not ended well. */
export function verdictOfReport(report: Readonly<Record<string, unknown>> | null): Verdict | undefined {
  const [done, measured] = [eventOf(report?.['done']), eventOf(report?.['report'])];
  if (done?.event !== 'done') return undefined;
  if (measured?.event !== 'report') return runVerdict(done);
  // The plan has estimates only for adapters.
  return runVerdict({ ...measured, ...done }, measured.estimate === undefined ? 'the model' : 'the adapter');
}

const eventOf = (value: unknown): RunEvent | undefined => runEvent.safeParse(value).data;

/** 'On 22 held-out rows'; 'On 8,065 tokens of 22 held-out rows' where not every token counts. */
function scopeOf({ heldOutRows: rows, heldOutTokens: tokens }: RunFigures): string {
  if (rows === undefined) return 'On the held-out rows';
  const what = `${wholeText(rows)} held-out ${rows === 1 ? 'row' : 'rows'}`;
  return tokens === undefined || tokens === 0 ? `On ${what}` : `On ${wholeText(tokens)} tokens of ${what}`;
}

/** Two losses, with as many digits as tell them apart. */
function lossesText(before: number, after: number): [string, string] {
  for (const digits of [2, 3]) {
    const [a, b] = [before.toFixed(digits), after.toFixed(digits)];
    if (a !== b) return [a, b];
  }
  return [before.toFixed(4), after.toFixed(4)];
}

/** The change of a loss in percent, with two digits: '1.6 %', '32 %'. */
const percentOf = (change: number, before: number): string =>
  `${Number(((100 * Math.abs(change)) / before).toPrecision(2))} %`;

function guessesOf({ accuracy, baseAccuracy }: RunFigures, model: string): string {
  if (accuracy == null || baseAccuracy == null) return '';
  const [ours, theirs] = [Math.round(100 * accuracy), Math.round(100 * baseAccuracy)];
  if (ours === theirs) return `; ${model} guesses the next token right in ${ours} of 100 cases, as the base does`;
  return `: ${model} guesses the next token right in ${ours} of 100 cases, the base in ${theirs}`;
}
