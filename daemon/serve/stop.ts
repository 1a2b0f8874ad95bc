import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tokenizer } from '../data/tokenizer.ts';

/**
 * Tokens that end an answer: the tokenizer's end of text, those that generation_config.json and config.json of the base list,
 * and the tokens of fill-in-the-middle, after which a model only writes the next example.
 */
export function stopTokens(dir: string, tokenizer: Tokenizer): number[] {
  const { eosId, fim } = tokenizer;
  const listed = ['generation_config.json', 'config.json'].flatMap((file) => eosOf(join(dir, file)));
  return [...new Set([...(eosId === undefined ? [] : [eosId]), ...listed, ...(fim?.stops ?? [])])];
}

function eosOf(file: string): number[] {
  let eos: unknown;
  try {
    eos = (JSON.parse(readFileSync(file, 'utf8')) as { eos_token_id?: unknown }).eos_token_id;
  } catch {
    return []; // the file only adds to the tokens of the tokenizer
  }
  const ids: unknown[] = Array.isArray(eos) ? eos : [eos];
  return ids.filter((id): id is number => Number.isInteger(id));
}
