import type { Unwritten } from './encode.ts';
import { unusedText } from './messages/unused.ts';
import type { RowReader } from './readers/reader.ts';

/** What was found while rows were tokenised. */
export interface Tally {
  /** Rows read so far, their tokens, and the tokens of the longest. */
  read: number;
  tokens: number;
  longest: number;
  /** Rows whose end was cut off. */
  cut: number;
  /** Rows in which no token counts in the loss. */
  dropped: number;
  /** Those of the dropped rows that would have such tokens if they were not cut off. */
  tooLong: number;
  unstarted: number;
  /** Rows of which the chat template did not write a part. */
  unwritten: Map<Unwritten, number>;
}

export const emptyTally = (): Tally => ({
  ...{ read: 0, tokens: 0, longest: 0, cut: 0, dropped: 0, tooLong: 0, unstarted: 0 },
  unwritten: new Map(),
});

/** '1 row', '1,204 rows'. */
export const count = (value: number, noun: string): string =>
  `${value.toLocaleString('en-US')} ${noun}${value === 1 ? '' : 's'}`;

const UNWRITTEN: Record<Unwritten, string> = {
  reasoning: 'the reasoning',
  tools: 'the tools',
  toolResults: 'the results of tools',
  system: 'the system message',
};

interface Facts {
  reader: Pick<RowReader, 'note'>;
  /** How many rows the data mark as not to be learned, by reason. */
  leftOut: ReadonlyMap<string, number>;
  /** Fields that are not used. */
  unused: ReadonlySet<string>;
  train: { readonly length: number };
  heldOut: { readonly length: number };
  tally: Tally;
  /** Tokens of a row. */
  length: number;
  /** The most that the base reads at once. */
  maxLength: number | undefined;
  wantsHeldOut: boolean;
}

/** What a person should know about the rows of a dataset before training starts, and what to do about it. */
export function notesOf({
  reader,
  leftOut,
  unused,
  train,
  heldOut,
  tally,
  length,
  maxLength,
  wantsHeldOut,
}: Facts): string[] {
  const notes: string[] = reader.note === undefined ? [] : [reader.note];
  for (const [reason, rows] of leftOut) notes.push(`${count(rows, 'row')} left out because ${reason}`);
  const fields = unusedText([...unused]);
  if (fields !== undefined) notes.push(fields);
  for (const [what, rows] of tally.unwritten)
    notes.push(`the chat template of the base model does not write ${UNWRITTEN[what]} of ${count(rows, 'row')}`);
  const all = train.length + heldOut.length;
  const scope = tally.read < all ? ` of the ${count(tally.read, 'row')} read so far` : '';
  const { cut, dropped, tooLong, unstarted } = tally;
  const kept = cut - tooLong;
  if (tooLong > 0)
    notes.push(
      `${count(tooLong, 'row')}${scope} dropped, because the first ${number(length)} tokens hold nothing of the answer`,
    );
  if (kept > 0) notes.push(`${count(kept, 'row')}${scope} cut off at ${number(length)} tokens`);
  if (cut > 0) notes.push(lengthAdvice(tally.longest, length, maxLength));
  if (dropped > tooLong)
    notes.push(`${count(dropped - tooLong, 'row')}${scope} dropped because none of their tokens counts in the loss`);
  if (unstarted > 0) notes.push(`${count(unstarted, 'row')}${scope} in which the adapter never starts`);
  if (wantsHeldOut && heldOut.length === 0)
    notes.push(
      all === 1
        ? 'there is only one row: the model will repeat it, and no row is held out to measure what it learned; add more rows'
        : 'all rows are equal, so none is held out to measure what the model learned; add other rows',
    );
  return notes;
}

function lengthAdvice(longest: number, length: number, maxLength: number | undefined): string {
  const needed = Math.ceil(longest / 64) * 64;
  const most = maxLength ?? Infinity;
  if (longest <= most && length < most)
    return `a Row length of ${number(Math.min(needed, most))} keeps all of them whole`;
  const enough = `the base model reads ${number(most)} tokens at once`;
  return length < most
    ? `a Row length of ${number(most)} keeps more (${enough})`
    : `${enough}, so shorten or split these rows`;
}

const number = (value: number): string => value.toLocaleString('en-US');
