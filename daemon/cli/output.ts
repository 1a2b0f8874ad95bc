/**
 * Writes one object as one line of standard output: what `--json` promises. Numbers that are not finite become null, as in
 * JSON.stringify.
 */
export function printJson(object: Record<string, unknown>): void {
  process.stdout.write(JSON.stringify(object) + '\n');
}

/** Writes a line for a person to standard output. */
export function print(line = ''): void {
  process.stdout.write(line + '\n');
}

/** Text from a catalog (a note, a path, a reason) for a terminal: one line, without control characters. */
export const plain = (text: string): string =>
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+/g, ' ').trim();
