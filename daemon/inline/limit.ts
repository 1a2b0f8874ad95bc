/** Decides, while a text is being generated, where it ends. */
import { unmatched } from './brackets.ts';
import type { Length } from './length.ts';
import { aroundOf, indentOf, isBlank, type Place } from './place.ts';
import { linesBeforeRepetition, withoutLoop } from './repetition.ts';

export interface Limited {
  readonly text: string;
  /** More text would change nothing: generation can stop. */
  readonly whole: boolean;
}

export interface LimitOptions {
  readonly length: Exclude<Length, 'none'>;
  readonly maxLines: number;
}

/** Lines before the cursor that a generated text may repeat. */
const PREVIOUS_LINES = 20;
const CLOSING_LINE = /^\s*(?:[)\]}]|end\b)/;

/** Makes the function that limits what was generated so far at a place. `ended`: nothing more will come. */
export function limiter(
  place: Place,
  { length, maxLines }: LimitOptions,
): (generated: string, ended: boolean) => Limited {
  const around = aroundOf(place);
  const { before, next } = around;
  const previous = around.prefix.split('\n').slice(-PREVIOUS_LINES - 1, -1);
  const opens = !isBlank(before);
  /** Lines with less indentation are outside of what the cursor is in. */
  const scope = opens ? indentOf(before) + 1 : indentOf(before);

  const line = (generated: string, ended: boolean): Limited => {
    const text = generated.replaceAll('\r', '');
    const end = text.indexOf('\n');
    const first = end < 0 ? text : text.slice(0, end);
    const [kept, whole] = [withoutLoop(first), end >= 0 || ended];
    if (kept !== first) return { text: kept.trimEnd(), whole: true };
    if (whole && repeats(before + first, previous, next)) return { text: '', whole: true };
    return { text: whole ? first.trimEnd() : first, whole };
  };

  const block = (generated: string, ended: boolean): Limited => {
    const lines = generated.replaceAll('\r', '').split('\n');
    const complete = ended ? lines : lines.slice(0, -1);
    const kept = linesWithin(complete);
    const loop = complete.findIndex((one) => withoutLoop(one) !== one);
    const count = Math.min(kept.count, loop < 0 ? Infinity : loop);
    if (count >= complete.length && !kept.closed) return { text: generated.replaceAll('\r', ''), whole: ended };
    return { text: complete.slice(0, count).join('\n').trimEnd(), whole: true };
  };

  /** How many of these lines belong to the completion. closed: the last of them ends it. */
  function linesWithin(lines: readonly string[]): { count: number; closed: boolean } {
    const whole = [before + (lines[0] ?? ''), ...lines.slice(1)];
    let [count, blank] = [0, false];
    for (const [i, line] of whole.entries()) {
      if (isBlank(line)) {
        if (blank || i >= maxLines) return { count, closed: true };
        blank = i > 0;
        continue;
      }
      const indent = indentOf(line);
      if (i > 0 && indent < scope) {
        const closes = opens && indent === scope - 1 && CLOSING_LINE.test(line) && !sameLine(line, next);
        return { count: closes && isNeeded(whole.slice(0, i), line) ? i + 1 : count, closed: true };
      }
      if (sameLine(line, next)) return { count, closed: true };
      // A paragraph ends a completion that began on a blank line.
      if (blank && !opens && count > 0 && indent <= scope) return { count, closed: true };
      if (i >= maxLines) return { count, closed: true };
      blank = false;
      count = i + 1;
    }
    const fresh = linesBeforeRepetition(opens ? whole.slice(1, count) : whole.slice(0, count), opens ? [] : previous);
    const most = fresh + (opens ? 1 : 0);
    return most < count ? { count: most, closed: true } : { count: lines.length, closed: false };
  }

  return length === 'line' ? line : block;
}

/** Whether a closing line closes what was opened in the lines before it. */
function isNeeded(lines: readonly string[], closing: string): boolean {
  const bracket = /^\s*([)\]}])/.exec(closing)?.[1];
  return bracket === undefined || unmatched(lines.join('\n')).open.at(-1) === bracket;
}

/** Whether a generated line is one that stands below already. Short lines are the same only with the same indentation. */
function sameLine(line: string, next: string): boolean {
  if (next === '') return false;
  return line.trimEnd() === next || (line.trim().length > 4 && line.trim() === next.trim());
}

/** Whether a whole line repeats the line below, or the last line above. */
function repeats(line: string, previous: readonly string[], next: string): boolean {
  return !isBlank(line) && (sameLine(line, next) || linesBeforeRepetition([line], previous.slice(-1)) === 0);
}
