import { VeraError } from '../../protocol/errors.ts';
import { BadRow } from '../row.ts';
import { closeFile } from './file.ts';
import { jsonl } from './jsonl.ts';
import { parseJsonRow } from './jsonRow.ts';
import { parquet } from './parquet.ts';
import type { ReaderKind, ReaderOptions, RowReader, Source } from './reader.ts';
import { readableEndings, readers } from './registry.ts';
import { headOf, isParquet, openSource, PACKED_ENDINGS } from './source.ts';
import { txt } from './txt.ts';

/** Bytes that show whether a text is JSON. */
const HEAD = 64 * 1024;

/** Opens a dataset file. Throws VeraError 'data' if it is none. */
export async function openFile(path: string, options: ReaderOptions): Promise<RowReader> {
  const source = await openSource(path, options.encoding);
  let rows: RowReader;
  try {
    rows = await kindOf(path, source).open(source, options);
  } catch (error) {
    closeFile(source.file);
    throw error;
  }
  const notes = [...source.notes, ...(rows.note === undefined ? [] : [rows.note])];
  return notes.length === 0 ? rows : { ...rows, note: notes.join('; ') };
}

/** How a file is read: by its content where that shows it, else by its ending. */
function kindOf(path: string, source: Source): ReaderKind {
  const head = headOf(source.file, HEAD);
  if (isParquet(head)) return parquet;
  const kind = readers.find(({ extensions }) => extensions.some((ending) => source.name.endsWith(ending)));
  const mayBeJson = kind === undefined || (kind === txt && !source.name.endsWith('.md'));
  if (mayBeJson && isJson(head.toString().replace(/^\uFEFF/, ''))) return jsonl;
  if (kind) return kind;
  const known = readableEndings.join(', ');
  throw new VeraError(
    'data',
    `${path}: files with this ending cannot be read; use ${known}, one of them packed as ${PACKED_ENDINGS.join(' or ')}, a dataset folder or a folder of code`,
  );
}

/** Whether a text begins with a list of objects, or with a line that is an object. */
function isJson(text: string): boolean {
  if (/^\s*\[\s*\{\s*"/.test(text)) return true;
  const start = text.trimStart();
  if (/^\{\s*"[^"\n]*"\s*:\s*\[\s*\{\s*"/.test(start)) return true;
  try {
    return start.startsWith('{') && parseJsonRow(start.split('\n', 1)[0]!.trim()) !== undefined;
  } catch (error) {
    if (error instanceof BadRow) return false;
    throw error;
  }
}
