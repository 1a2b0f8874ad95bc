import { VeraError } from '../../protocol/errors.ts';
import { quote } from '../quote.ts';

/** The meaning of a `tokenizer.ggml.pre` name of a byte-level vocabulary, in terms of tokenizer.json. */
export interface PreTokenization {
  /** Regular expressions applied one after the other; each match becomes its own piece. */
  splits: string[];
  /** Text is put into Unicode normal form C first. */
  normalizeNfc?: true;
  /** A piece that is itself a token is used without applying merges. */
  ignoreMerges?: true;
  /** Whether the beginning-of-text token is added if the file does not say. */
  addBos?: true;
}

const GPT2 = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;
const contraction = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)`;
const word = String.raw`[^\r\n\p{L}\p{N}]?\p{L}+`;
const rest = String.raw` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const LLAMA3 = `${contraction}|${word}|\\p{N}{1,3}|${rest}`;
const QWEN2 = `${contraction}|${word}|\\p{N}|${rest}`;
const upper = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const lower = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;
const TEKKEN =
  String.raw`[^\r\n\p{L}\p{N}]?${upper}*${lower}+|[^\r\n\p{L}\p{N}]?${upper}+${lower}*` +
  String.raw`|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

const gpt2: PreTokenization = { splits: [GPT2] };
const digits: PreTokenization = { splits: [String.raw`\p{N}`, GPT2] }; // every digit is its own piece
const llama3: PreTokenization = { splits: [LLAMA3], ignoreMerges: true, addBos: true };
const qwen2: PreTokenization = { splits: [QWEN2], normalizeNfc: true };
const deepseekCoder: PreTokenization = {
  splits: [
    String.raw`[\r\n]`,
    String.raw`\s?\p{L}+`,
    String.raw`\s?\p{P}+`,
    '[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+',
    String.raw`\p{N}`,
  ],
};

/** By the names that llama.cpp's converter writes; the expressions are those of the models' own tokenizer.json. */
const BY_NAME: Readonly<Record<string, PreTokenization>> = {
  'gpt-2': gpt2,
  'phi-2': gpt2,
  mpt: gpt2,
  olmo: gpt2,
  jais: gpt2,
  smollm: digits,
  starcoder: digits,
  refact: digits,
  codeshell: digits,
  'command-r': digits,
  exaone: digits,
  'minerva-7b': digits,
  'llama-bpe': llama3,
  'llama-v3': llama3,
  llama3,
  'smaug-bpe': { splits: [LLAMA3] },
  dbrx: { splits: [LLAMA3] },
  falcon3: llama3,
  pixtral: llama3,
  qwen2,
  stablelm2: { splits: [QWEN2] },
  'deepseek-r1-qwen': { splits: [QWEN2] },
  tekken: { splits: [TEKKEN], ignoreMerges: true, addBos: true },
  'deepseek-coder': deepseekCoder,
};

/**
 * How text is cut before the merges. Files from before May 2024 do not name it, and others say `default`. For these, a token that
 * only one family of tokenizers has decides, else `standard`. Throws VeraError('model') for an unknown name.
 */
export function preTokenization(
  where: string,
  name: string | undefined,
  standard: string | undefined,
  has: (token: string) => boolean,
): PreTokenization {
  if (name === undefined || name === 'default') {
    if (has('<|begin_of_text|>')) return llama3;
    return BY_NAME[standard ?? ''] ?? gpt2;
  }
  const known = Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined;
  if (known === undefined) {
    throw new VeraError(
      'model',
      `${where}: the pre-tokenizer ${quote(name)} is not supported; supported are ${Object.keys(BY_NAME).join(', ')}`,
    );
  }
  return known;
}
