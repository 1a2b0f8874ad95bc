import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';

// Shorter files are little more than a licence header; longer ones are mostly tables.
const MIN_BYTES = 300;
const MAX_BYTES = 120_000;
// A longest line beyond this is a minified program, an embedded asset or a data table.
const MAX_LINE = 400;
// Hand-written code compresses 3 to 6 times; beyond this a file repeats itself.
const MAX_COMPRESSION = 10;
const MAX_DIGITS = 0.12;
const MAX_FOREIGN = 0.02;
// Shorter lines (braces, returns) occur everywhere and do not show that a file is a copy.
const TELLING_LINE = 20;
const MAX_SEEN_LINES = 0.6;

const GENERATED = /@generated|do not (edit|modify)|auto-?generated|generated (by|from|file)|this file was generated/i;
const SPECIAL_TOKEN = /<\|[a-z_]+\|>/;
const LEADING_COMMENT = /^(?:#![^\n]*\n)?\s*(?:\/\*[\s\S]*?\*\/|(?:(?:\/\/|#)[^\n]*\n)+)\s*/;

/**
 * One source file as the model will see it: `\n` line ends, no byte-order mark, no trailing blanks, no licence comment at the start
 * (sources.json lists the licences), and in TypeScript and JavaScript two spaces for each tab of indentation.
 */
export function cleanText(text: string, path: string): string {
  let out = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  for (;;) {
    const leading = LEADING_COMMENT.exec(out)?.[0];
    if (leading === undefined || !/copyright|licen[cs]e/i.test(leading)) break;
    out = out.slice(leading.length);
  }
  if (!path.endsWith('.py')) out = out.replace(/^\t+/gm, (tabs) => '  '.repeat(tabs.length));
  return (
    out
      .replace(/[ \t]+$/gm, '')
      .replace(/\n{4,}/g, '\n\n\n')
      .trim() + '\n'
  );
}

/** Why a cleaned file is left out of the corpus; undefined if it stays. */
export function rejection(text: string): string | undefined {
  const bytes = Buffer.byteLength(text);
  if (bytes < MIN_BYTES) return 'too short';
  if (bytes > MAX_BYTES) return 'too long';
  if (GENERATED.test(text.slice(0, 1500))) return 'generated';
  if (SPECIAL_TOKEN.test(text)) return 'holds a special token';
  if (text.split('\n').some((line) => line.length > MAX_LINE)) return 'long lines';
  if ((text.match(/\d/g)?.length ?? 0) > MAX_DIGITS * text.length) return 'mostly numbers';
  if ((text.match(/[^\x00-\x7f]/g)?.length ?? 0) > MAX_FOREIGN * text.length) return 'mostly not ASCII';
  if (bytes > MAX_COMPRESSION * deflateSync(text).length) return 'repetitive';
  return undefined;
}

/** Finds near-copies: most long lines of such a file were seen in earlier files. The order of files matters. */
export function copyDetector(): (text: string) => boolean {
  const seen = new Set<string>();
  return (text) => {
    const lines = text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line.length >= TELLING_LINE);
    const known = lines.filter((line) => seen.has(line)).length;
    if (known > MAX_SEEN_LINES * lines.length) return true;
    for (const line of lines) seen.add(line);
    return false;
  };
}

/** Hex SHA-256 of a text: the key for shuffling, splitting and seeding, so that none of these depends on the order of reading. */
export function textHash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
