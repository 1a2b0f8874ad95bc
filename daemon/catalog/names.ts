import { quote } from '../formats/quote.ts';
import { VeraError } from '../protocol/errors.ts';
import { MAX_NAME, name as nameSchema } from '../protocol/values.ts';

/**
 * `name`, or the first of `name-2`, `name-3`... that is free. Tries numbers in doubling steps, so that even with thousands
 * of names it needs few queries.
 */
export async function freeName(name: string, taken: (name: string) => Promise<boolean>): Promise<string> {
  if (!(await taken(name))) return name;
  const numbered = (number: number): string => {
    const suffix = `-${number}`;
    return name.slice(0, MAX_NAME - suffix.length).trimEnd() + suffix;
  };
  let [low, high] = [1, 2]; // the number `low` is taken
  while (await taken(numbered(high))) [low, high] = [high, high * 2];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await taken(numbered(middle))) low = middle;
    else high = middle;
  }
  return numbered(high);
}

/** Makes a name from any text, for example a folder's name: characters that a name must not contain become dashes. */
export function nameFrom(text: string, otherwise: string): string {
  const plain = text
    .replace(/[\p{Cc}\p{Cf}/\\]+/gu, '-')
    .slice(0, MAX_NAME)
    .trim();
  return nameSchema.safeParse(plain).success ? plain : otherwise;
}

/** Checks a name that does not come through the protocol against the rules of the protocol. Throws VeraError 'usage'. */
export function checkedName(name: string): string {
  const parsed = nameSchema.safeParse(name);
  if (!parsed.success)
    throw new VeraError('usage', `the name ${quote(name)} is not allowed: ${parsed.error.issues[0]!.message}`);
  return parsed.data;
}

/** The error for an unknown name, with the most similar names. */
export function missing(kind: string, ref: number | string, near: readonly string[] = []): VeraError {
  const what = typeof ref === 'number' ? `${kind} ${ref}` : `${kind} ${quote(ref)}`;
  const hint = near.length > 0 ? `; there is ${near.map(quote).join(', ')}` : '';
  return new VeraError('missing', `there is no ${what}${hint}`);
}

const NEAR = 3; // names in a hint; more would hide the message

/** The names that a person may have meant: a few letters differ, or one is the beginning of the other. */
export function nearest(name: string, names: Iterable<string>): string[] {
  const wanted = name.toLowerCase();
  const most = Math.max(2, Math.floor(wanted.length / 3));
  const scored: { name: string; distance: number }[] = [];
  for (const other of new Set(names)) {
    const lower = other.toLowerCase();
    const distance = lower.startsWith(wanted) || wanted.startsWith(lower) ? 1 : distanceOf(wanted, lower);
    if (distance <= most) scored.push({ name: other, distance });
  }
  return scored
    .sort((one, two) => one.distance - two.distance || (one.name < two.name ? -1 : 1))
    .slice(0, NEAR)
    .map((one) => one.name);
}

/** How many letters to add, remove or change to turn one text into the other (Levenshtein 1966). */
function distanceOf(one: string, two: string): number {
  let row = Array.from({ length: two.length + 1 }, (_, i) => i);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= two.length; j++)
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (one[i - 1] === two[j - 1] ? 0 : 1));
    row = next;
  }
  return row[two.length]!;
}
