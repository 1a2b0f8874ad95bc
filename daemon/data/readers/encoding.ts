import { isUtf8 } from 'node:buffer';
import type { Remedy } from '../../protocol/errors.ts';
import { ENCODINGS, type Encoding } from '../encodings.ts';
import { BadRow } from '../row.ts';
import { closeFile, type OpenFile, readFully } from './file.ts';
import { temporarySpill } from './spill.ts';

const CHUNK = 4 * 1024 * 1024;

/** The encoding that the first bytes of a file show: a mark of UTF-16, or a zero in every other byte. */
export function shownEncoding(head: Uint8Array): Encoding | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  const pairs = Math.min(8, head.length >> 1);
  const zeros = (from: number): boolean =>
    pairs >= 2 && Array.from({ length: pairs }, (_, i) => head[2 * i + from]).every((byte) => byte === 0);
  const some = head.subarray(0, 2 * pairs).some((byte) => byte !== 0);
  if (some && zeros(1)) return 'utf-16le';
  return some && zeros(0) ? 'utf-16be' : undefined;
}

/** The same text as UTF-8, in a temporary file. Memory: one chunk. */
export function asUtf8(file: OpenFile, encoding: Encoding): OpenFile {
  const spill = temporarySpill(file.path);
  try {
    const decoder = new TextDecoder(encoding);
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(1, file.size)));
    for (let position = 0; position < file.size; position += chunk.length) {
      const data = chunk.subarray(0, Math.min(chunk.length, file.size - position));
      readFully(file, data, position);
      spill.write(Buffer.from(decoder.decode(data, { stream: true })));
    }
    spill.write(Buffer.from(decoder.decode()));
    return spill.file;
  } catch (error) {
    closeFile(spill.file);
    throw error;
  }
}

/** The error for bytes that are not UTF-8. It names the first wrong byte, and the encoding that they are likely to have. */
export function notUtf8(bytes: Uint8Array): BadRow {
  const remedy = encodingRemedy(bytes);
  const helps = { settings: ['encoding'], ...(remedy ? { remedy } : {}) };
  const message = `not UTF-8 (${firstBadByte(bytes)}); choose the Text encoding of the file, or save it as UTF-8`;
  return new BadRow(message, 'encoding', [], helps);
}

function encodingRemedy(bytes: Uint8Array): Remedy | undefined {
  const encoding = likelyEncoding(bytes);
  if (encoding === undefined) return undefined;
  const { value, label } = ENCODINGS.find((one) => one.value === encoding)!;
  return { do: 'set', setting: 'encoding', value, label };
}

/**
 * Western text has a letter with an accent here and there, in a word of plain letters. Other scripts have words of such bytes, and
 * which of their encodings it is cannot be told, so none is proposed.
 */
function likelyEncoding(bytes: Uint8Array): Encoding | undefined {
  let [alone, together] = [0, 0];
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i]! < 0x80) continue;
    if (bytes[i]! === 0x81 || bytes[i]! === 0x8d || bytes[i]! === 0x8f || bytes[i]! === 0x90) return undefined;
    if ((bytes[i - 1] ?? 0) < 0x80 && (bytes[i + 1] ?? 0) < 0x80) alone++;
    else together++;
  }
  return alone > 0 && together <= alone / 4 ? 'windows-1252' : undefined;
}

/** Says which byte is not UTF-8, as a person reads it. A prefix, read as a stream, fails only where it has that byte: halving finds it. */
export function firstBadByte(bytes: Uint8Array): string {
  let [good, bad] = [0, bytes.length];
  while (bad - good > 1) {
    const half = (good + bad) >> 1;
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, half), { stream: true });
      good = half;
    } catch {
      bad = half;
    }
  }
  // The broken character begins up to three bytes before the byte that shows it.
  while (good > 0 && !isUtf8(bytes.subarray(0, good))) good--;
  return `byte 0x${(bytes[good] ?? 0).toString(16).padStart(2, '0')} at position ${good}`;
}
