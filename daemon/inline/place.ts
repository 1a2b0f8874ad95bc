/** A cursor in a document. */
export interface Place {
  readonly uri: string;
  /** As editors name languages: 'python', 'typescript'... */
  readonly languageId: string;
  /** The whole document. */
  readonly text: string;
  /** In UTF-16 units from the start of `text`. */
  readonly offset: number;
}

/** What stands around a cursor. */
export interface Around {
  /** The text of the document before and after the cursor. */
  readonly prefix: string;
  readonly suffix: string;
  /** The cursor's line, before and after the cursor, without line breaks. */
  readonly before: string;
  readonly after: string;
  /** The next line that is not blank, below the cursor's line; '' if there is none. */
  readonly next: string;
}

export function aroundOf({ text, offset }: Pick<Place, 'text' | 'offset'>): Around {
  const prefix = text.slice(0, offset);
  const suffix = text.slice(offset);
  const before = prefix.slice(prefix.lastIndexOf('\n') + 1);
  const end = suffix.indexOf('\n');
  const after = (end < 0 ? suffix : suffix.slice(0, end)).replace(/\r$/, '');
  const next = end < 0 ? '' : (/^[^\n]*\S[^\n]*/m.exec(suffix.slice(end + 1, end + 10_000))?.[0] ?? '');
  return { prefix, suffix, before, after, next: next.trimEnd() };
}

/** The same document and cursor after some text was typed in place of what is between `start` and the cursor. */
export const withTyped = (place: Place, start: number, typed: string): Place => ({
  ...place,
  text: place.text.slice(0, start) + typed + place.text.slice(place.offset),
  offset: start + typed.length,
});

/** Columns of white space that a line begins with; a tab goes to the next multiple of four. */
export function indentOf(line: string): number {
  let columns = 0;
  for (const character of line) {
    if (character === ' ') columns++;
    else if (character === '\t') columns += 4 - (columns % 4);
    else break;
  }
  return columns;
}

export const isBlank = (line: string): boolean => line.trim() === '';
