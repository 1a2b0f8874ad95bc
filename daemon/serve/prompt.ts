import { fimIds, insideIds, prefixIds } from '../data/fim.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import { VeraError } from '../protocol/errors.ts';
import { UNABLE } from '../protocol/unable.ts';

/** Token ids of a text to continue. */
export const textPrompt = (tokenizer: Tokenizer, text: string): number[] => tokenizer.encode(text);

/** Token ids of a question in the model's chat template, up to the point where the answer begins. */
export function chatPrompt(tokenizer: Tokenizer, question: string, system?: string): number[] {
  if (!tokenizer.renderChat) throw new VeraError('usage', UNABLE.chat);
  const messages = [
    ...(system === undefined ? [] : [{ role: 'system', content: system }]),
    { role: 'user', content: question },
  ];
  return tokenizer.encode(tokenizer.renderChat(messages, { addGenerationPrompt: true }), { addSpecialTokens: false });
}

/** Token ids that ask for the text between a prefix and a suffix (arXiv 2207.14255), as the model's family writes them. */
export function fillPrompt(tokenizer: Tokenizer, prefix: string, suffix: string): number[] {
  const { fim } = tokenizer;
  if (!fim) throw new VeraError('usage', UNABLE.fill);
  return fimIds(fim, prefixIds(tokenizer, prefix), insideIds(tokenizer, suffix));
}
