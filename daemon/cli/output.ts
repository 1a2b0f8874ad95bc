/**
 * Writes one object as one line of standard output: what `--json` promises. Numbers that are not finite become null, which
 * is how JSON has them.
 */
export function printJson(object: Record<string, unknown>): void {
  process.stdout.write(JSON.stringify(object) + '\n');
}

/** Writes a line for a person to standard output. */
export function print(line = ''): void {
  process.stdout.write(line + '\n');
}
