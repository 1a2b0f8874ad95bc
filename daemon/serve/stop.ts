import type { Tokenizer } from '../data/tokenizer.ts';
import { generationFile } from './generationConfig.ts';

/**
 * Tokens that end an answer: the tokenizer's end of text, those that generation_config.json and config.json of the base list,
 * and the tokens of fill-in-the-middle, after which a model only writes the next example.
 */
export function stopTokens(dir: string, tokenizer: Tokenizer): number[] {
  const { eosId, fim } = tokenizer;
  const listed = ['generation_config.json', 'config.json'].flatMap((file) => eosOf(generationFile(dir, file)));
  return [...new Set([...(eosId === undefined ? [] : [eosId]), ...listed, ...(fim?.stops ?? [])])];
}

/** The files only add to the tokens of the tokenizer. */
function eosOf({ eos_token_id: eos }: Readonly<Record<string, unknown>>): number[] {
  const ids: unknown[] = Array.isArray(eos) ? eos : [eos];
  return ids.filter((id): id is number => Number.isInteger(id));
}
