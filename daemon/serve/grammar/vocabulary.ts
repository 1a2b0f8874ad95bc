import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The tokens of a tokenizer as xgrammar reads them. */
export interface Vocabulary {
  /** By number; '' where a token is no text, or none that can stand in an answer with a grammar. */
  readonly tokens: readonly string[];
  /** How bytes are written: as letters (GPT-2), or as '<0xAB>' beside '\u2581' for a space (SentencePiece). */
  readonly form: 'byte_level' | 'byte_fallback';
}

interface Added {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}
interface TokenizerFile {
  readonly model: { readonly type?: string; readonly vocab: Record<string, number> | [string, number][] };
  readonly added_tokens?: readonly Added[];
  readonly decoder?: unknown;
}

/** The vocabulary of a Hugging Face folder; undefined if its tokens do not tell their bytes. */
export function readVocabulary(folder: string): Vocabulary | undefined {
  const file = join(folder, 'tokenizer.json');
  if (!existsSync(file)) return undefined;
  const { model, added_tokens: added = [], decoder } = JSON.parse(readFileSync(file, 'utf8')) as TokenizerFile;
  const kinds = JSON.stringify(decoder ?? null);
  const form = kinds.includes('"ByteLevel"') ? 'byte_level' : kinds.includes('\u2581') ? 'byte_fallback' : undefined;
  if (form === undefined) return undefined;
  const tokens: string[] = [];
  const put = (id: number, text: string): void => void (tokens[id] = text);
  if (Array.isArray(model.vocab)) model.vocab.forEach(([text], id) => put(id, text));
  else for (const [text, id] of Object.entries(model.vocab)) put(id, text);
  // Texts of added tokens are not encoded: what is plain ASCII reads the same in both forms.
  for (const { id, content, special } of added) put(id, !special && /^[\x21-\x7e]+$/.test(content) ? content : '');
  return { tokens: Array.from(tokens, (text) => text ?? ''), form };
}

/** The bytes of a token. */
export function bytesOf(token: string, form: Vocabulary['form']): Uint8Array {
  if (form === 'byte_level') return Uint8Array.from(Array.from(token, (letter) => LETTERS.get(letter) ?? 0x3f));
  const byte = /^<0x([0-9A-F]{2})>$/.exec(token);
  return byte ? Uint8Array.of(Number.parseInt(byte[1]!, 16)) : Buffer.from(token.replaceAll('\u2581', ' '));
}

/** The letters that GPT-2 writes bytes with: printable ones as they are, the others from U+0100 on. */
const LETTERS: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 256 }, (_, byte) => byte)
    .filter((byte) => !isPrintable(byte))
    .map((byte, i): [string, number] => [String.fromCharCode(0x100 + i), byte])
    .concat(
      Array.from({ length: 256 }, (_, byte) => byte)
        .filter((byte) => isPrintable(byte))
        .map((byte): [string, number] => [String.fromCharCode(byte), byte]),
    ),
);

function isPrintable(byte: number): boolean {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}
