import { isUtf8 } from 'node:buffer';
import type { Remedy } from '../../protocol/errors.ts';
import { ENCODINGS, type Encoding } from '../encodings.ts';
import { BadRow } from '../row.ts';

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
  let [high, letters, run] = [0, 0, 0];
  for (const byte of bytes) {
    run = byte < 0x80 ? 0 : run + 1;
    if (run > 2 || [0x81, 0x8d, 0x8f, 0x90, 0x9d].includes(byte)) return undefined;
    if (byte >= 0x80) high++;
    else if ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a) letters++;
  }
  return high <= letters / 2 ? 'windows-1252' : undefined;
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
