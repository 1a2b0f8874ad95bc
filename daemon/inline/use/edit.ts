import { alike } from '../../protocol/alike.ts';

/** A change of a document: `removed` UTF-16 units from `offset` on are replaced by `text`. */
export interface Edit {
  readonly offset: number;
  readonly removed: number;
  readonly text: string;
}

/** A part of a document, in UTF-16 units. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export const applied = (text: string, { offset, removed, text: added }: Edit): string =>
  text.slice(0, offset) + added + text.slice(offset + removed);

/** Where a part of a document is after an edit. What an edit that reaches into it puts there belongs to it. */
export function moved({ from, to }: Span, { offset, removed, text }: Edit): Span {
  const [end, more] = [offset + removed, text.length - removed];
  if (end <= from) return { from: from + more, to: to + more };
  if (offset >= to) return { from, to };
  return { from: Math.min(from, offset), to: Math.max(to, end) + more };
}

const MOST_CELLS = 4_000_000; // of the table that compares lines: about ten milliseconds

/**
 * The same change in small edits, one after the other, so that a formatter that replaces a whole document moves its parts like one
 * that changes single lines. Lines that differ in white space alone stay lines of their own.
 */
export function smaller(document: string, { offset, removed, text }: Edit): Edit[] {
  const gone = document.slice(offset, offset + removed);
  const head = commonStart(gone, text);
  const tail = commonStart(gone.slice(head), text.slice(head), true);
  const [old, now] = [gone.slice(head, gone.length - tail), text.slice(head, text.length - tail)];
  const start = offset + head;
  const [before, after] = [linesOf(old), linesOf(now)];
  if (before.length < 2 || after.length < 2 || before.length * after.length > MOST_CELLS)
    return old === '' && now === '' ? [] : [{ offset: start, removed: old.length, text: now }];
  return lineEdits(before, after, start);
}

/** How many characters two texts have in common at the beginning, or at the end. */
function commonStart(one: string, two: string, fromEnd = false): number {
  const most = Math.min(one.length, two.length);
  const at = (text: string, i: number): string => text[fromEnd ? text.length - 1 - i : i]!;
  let i = 0;
  while (i < most && at(one, i) === at(two, i)) i++;
  return i;
}

/** With their ends. */
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
const bare = (line: string): string => line.replace(/\s+/g, '');

/** Edits that turn some lines into others, from the last to the first: each is right before the earlier ones are made. */
function lineEdits(before: readonly string[], after: readonly string[], start: number): Edit[] {
  const pairs = alike(before.map(bare), after.map(bare));
  const [ends, edits]: [number[], Edit[]] = [[start], []];
  for (const line of before) ends.push(ends.at(-1)! + line.length);
  const replace = (i: number, iEnd: number, j: number, jEnd: number): void => {
    const [removed, text] = [ends[iEnd]! - ends[i]!, after.slice(j, jEnd).join('')];
    if (removed > 0 || text !== '') edits.push({ offset: ends[i]!, removed, text });
  };
  let [i, j] = [0, 0];
  for (const [one, two] of [...pairs, [before.length, after.length] as const]) {
    replace(i, one, j, two);
    [i, j] = [one, two];
    if (one === before.length) break;
    if (before[one] !== after[two]) replace(one, one + 1, two, two + 1);
    [i, j] = [one + 1, two + 1];
  }
  return edits.reverse();
}
