import { isBlank } from './place.ts';

/** Lines that say nothing by themselves may come again: brackets, `else`, `end`. */
const SHORT = 6;
/** The same line so often is a loop, whatever stands between. */
const MOST_TIMES = 3;
/** A part of a line that comes so often in a row is a loop. */
const IN_LINE = /(.{3,40}?)\1{3,}/g;

/** How many lines of `lines` come before a repetition: of a block in a row, of one line too often, or of the lines before them. */
export function linesBeforeRepetition(lines: readonly string[], previous: readonly string[] = []): number {
  const times = new Map<string, number>();
  const all = [...previous, ...lines];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!.trim();
    if (line.length < SHORT) continue;
    times.set(line, (times.get(line) ?? 0) + 1);
    if (times.get(line)! > MOST_TIMES) return i;
    const block = repeatedBlock(all, previous.length + i);
    if (block > 0) return Math.max(0, i + 1 - block);
  }
  return lines.length;
}

/** Length of a block of lines that ends at `end` and repeats the same number of lines directly before it; 0 if there is none. */
function repeatedBlock(lines: readonly string[], end: number): number {
  for (let length = 1; length * 2 <= end + 1; length++) {
    const same = (i: number): boolean => lines[end - i]!.trimEnd() === lines[end - length - i]!.trimEnd();
    let count = 0;
    while (count < length && same(count)) count++;
    if (count === length && !allBlank(lines.slice(end - length + 1, end + 1))) return length;
  }
  return 0;
}

const allBlank = (lines: readonly string[]): boolean => lines.every(isBlank);

/** The text before a loop in it: the same characters, several times in a row. Rulers such as `=====` are none. */
export function withoutLoop(text: string): string {
  for (const { index, 1: part } of text.matchAll(IN_LINE)) if (!/^(.)\1*$/.test(part!)) return text.slice(0, index);
  return text;
}
