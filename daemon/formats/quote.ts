const LONGEST = 120; // characters of a foreign name worth showing: an error is one line

/** A name that came from a file, fit for a one-line message: quoted, control characters escaped, cut when long. */
export function quote(name: string): string {
  const shown = name.length > LONGEST ? name.slice(0, LONGEST) + '...' : name;
  // JSON leaves DEL, C1 controls and the Unicode line and direction marks as they are, and terminals obey them.
  return JSON.stringify(shown).replace(
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (mark) => '\\u' + mark.charCodeAt(0).toString(16).padStart(4, '0'),
  );
}
