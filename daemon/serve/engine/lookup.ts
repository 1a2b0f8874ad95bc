/** The longest end of a text that is looked for, in tokens, and the shortest. */
const [LONGEST, SHORTEST] = [4, 2];

/** Most tokens that are looked through, from the end. */
const REACH = 4096;

/**
 * Guesses the next tokens of a text: those that followed the last time the same few tokens stood in it (prompt lookup decoding,
 * github.com/apoorvumang/prompt-lookup-decoding). -> `most` tokens, or none where the end of the text is new.
 */
export function draft(tokens: readonly number[], most: number): number[] {
  if (most <= 0) return [];
  const first = Math.max(0, tokens.length - REACH);
  for (let size = LONGEST; size >= SHORTEST; size--) {
    const end = tokens.length - size;
    for (let start = end - 1; start >= first; start--) {
      let same = 0;
      while (same < size && tokens[start + same] === tokens[end + same]) same++;
      if (same === size) return continued(tokens, start + size, most);
    }
  }
  return [];
}

/** The tokens from a place on; at its end the text continues with itself, as a text that repeats does. */
function continued(tokens: readonly number[], from: number, count: number): number[] {
  const out: number[] = [];
  for (let i = from; out.length < count; i++) out.push(tokens[i] ?? out[i - tokens.length]!);
  return out;
}
