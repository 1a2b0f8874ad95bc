const LONGEST = 120; // characters of a name that are shown, so that an error is one line

/** Makes a name from a file safe for a one-line message: in quotes, with control characters escaped, and cut if it is long. */
export function quote(name: string): string {
  const shown = name.length > LONGEST ? name.slice(0, LONGEST) + '...' : name;
  // JSON does not escape DEL, C1 controls and the Unicode line and direction marks, but terminals obey them.
  return JSON.stringify(shown).replace(
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (mark) => '\\u' + mark.charCodeAt(0).toString(16).padStart(4, '0'),
  );
}
