import { hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import { closeSync, readdirSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { VeraError } from '../../protocol/errors.ts';
import {
  isCodeName,
  isProseName,
  isGeneratedText,
  isLockName,
  isMinifiedName,
  isMinifiedText,
  SKIPPED_FOLDERS,
} from './code-kinds.ts';
import { cannotRead, openRegularFile, readFully } from './file.ts';
import { enter, isIgnored, rulesAbove, type IgnoreRules } from './gitignore.ts';
import type { ReaderOptions, RowReader } from './reader.ts';

/** Larger source files are data or were generated; they are left out. */
const MAX_CODE_BYTES = 1024 * 1024;

/** Why a file is left out, as people read it. */
type Reason = 'binary' | 'generated' | 'minified' | 'lock files' | 'larger than 1 MiB' | 'duplicates' | 'empty';

interface CodeFile {
  path: string;
  digest: Buffer;
}

/**
 * A folder of code: one row per source file, in the order of their paths. Where all of them are notes, they are text, not code. Files that git ignores, that are not text, that were
 * generated or that repeat another are left out. Links are not followed. Files are read again when they are needed.
 */
export function openCodeFolder(dir: string, { maxRows }: ReaderOptions): RowReader {
  const root = resolve(dir);
  const files: CodeFile[] = [];
  const seen = new Set<string>();
  const leftOut = new Map<Reason, number>();
  const whole = createHash('sha256');
  let bytes = 0;
  let ignored = 0;
  for (const path of codePaths(root, rulesAbove(root), () => ignored++)) {
    if (files.length >= maxRows) break;
    const judged = judge(path);
    const digest = typeof judged === 'string' ? undefined : hash('sha256', judged, 'buffer');
    const reason = typeof judged === 'string' ? judged : seen.has(digest!.toString('hex')) ? 'duplicates' : undefined;
    if (reason !== undefined || !digest) {
      leftOut.set(reason!, (leftOut.get(reason!) ?? 0) + 1);
      continue;
    }
    seen.add(digest.toString('hex'));
    files.push({ path, digest });
    whole.update(relative(root, path).split(sep).join('/')).update('\0').update(digest);
    bytes += (judged as Buffer).length;
  }
  if (files.length === 0) throw withoutCode(dir, leftOut, ignored);
  const note = [...leftOut].map(([reason, count]) => `${count} ${reason}`).join(', ');
  const prose = files.every(({ path }) => isProseName(path));
  return {
    name: prose ? 'folder of text' : 'folder of code',
    count: files.length,
    bytes,
    hash: whole.digest('hex'),
    ...(note === '' ? {} : { note: `left out: ${note}` }),
    key: (i) => files[i]!.digest.readUIntBE(0, 6),
    source: (i) => ({ file: files[i]!.path }),
    read(i) {
      const { path, digest } = files[i]!;
      const content = readWhole(path);
      if (!hash('sha256', content, 'buffer').equals(digest)) {
        throw new VeraError('data', `${path} changed while it was in use; keep the folder unchanged and start again`);
      }
      if (prose) return { text: decode(content) };
      return { content: decode(content), path: relative(root, path).split(sep).join('/') };
    },
    close: () => undefined,
  };
}

function withoutCode(dir: string, leftOut: Map<Reason, number>, ignored: number): VeraError {
  const reasons: [string, number][] = [
    ...leftOut,
    ...(ignored > 0 ? [['that git ignores', ignored] as [string, number]] : []),
  ];
  const note = reasons.map(([reason, count]) => `${count} ${reason}`).join(', ');
  return new VeraError(
    'data',
    `${dir} is a folder without source files${note === '' ? '' : ` (left out: ${note})`}; choose a folder of code, or one with dataset files`,
  );
}

/**
 * Paths of possible source files below `dir`, sorted, so that the order is the same on every machine. `ignored` is called for each
 * file and folder that git ignores.
 */
function* codePaths(dir: string, above: IgnoreRules | undefined, ignored: () => void): Generator<string> {
  const rules = enter(dir, above);
  let entries;
  try {
    entries = readdirSync(dir, { withFileTypes: true });
  } catch (cause) {
    throw cannotRead(dir, cause);
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (const entry of entries) {
    const path = join(dir, entry.name);
    const folder = entry.isDirectory();
    if (
      folder ? SKIPPED_FOLDERS.has(entry.name) : !entry.isFile() || !(isCodeName(entry.name) || isLockName(entry.name))
    )
      continue;
    if (isIgnored(path, folder, rules)) ignored();
    else if (folder) yield* codePaths(path, rules, ignored);
    else yield path;
  }
}

/** The content of a source file, or why it is left out. */
function judge(path: string): Buffer | Reason {
  const name = basename(path);
  if (isLockName(name)) return 'lock files';
  if (isMinifiedName(name)) return 'minified';
  const content = readWhole(path);
  if (content.length > MAX_CODE_BYTES) return 'larger than 1 MiB';
  if (content.includes(0)) return 'binary';
  let text: string;
  try {
    text = decode(content);
  } catch {
    return 'binary';
  }
  if (text.trim() === '') return 'empty';
  if (isGeneratedText(text)) return 'generated';
  return isMinifiedText(text) ? 'minified' : content;
}

/** Reads at most one byte more than MAX_CODE_BYTES, which is enough to see that a file is too large. */
function readWhole(path: string): Buffer {
  const file = openRegularFile(path);
  try {
    const content = Buffer.allocUnsafe(Math.min(file.size, MAX_CODE_BYTES + 1));
    readFully(file, content, 0);
    return content;
  } finally {
    closeSync(file.fd);
  }
}

function decode(content: Buffer): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(content);
}
