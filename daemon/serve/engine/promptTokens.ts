import type { Tokenizer } from '../../data/tokenizer.ts';
import { VeraError } from '../../protocol/errors.ts';
import { tooLong, UNABLE } from '../../protocol/unable.ts';
import { fillPrompt, textPrompt } from '../prompt.ts';
import type { EngineInfo, Prompt } from './request.ts';

/** The tokens of a prompt. Throws VeraError 'usage' where the model cannot read it. */
export function promptTokens(
  tokenizer: Tokenizer,
  prompt: Prompt,
  { maxLength, vocabulary }: Pick<EngineInfo, 'maxLength' | 'vocabulary'>,
): readonly number[] {
  const tokens = encodePrompt(tokenizer, prompt);
  if (tokens.length === 0) throw new VeraError('usage', 'the prompt has no tokens; give it some text');
  if (tokens.length >= maxLength) throw new VeraError('usage', tooLong(tokens.length, maxLength));
  const bad = tokens.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabulary);
  if (bad !== undefined)
    throw new VeraError('usage', `token ${bad} of the prompt is outside the base's vocabulary of ${vocabulary}`);
  return tokens;
}

/** The tokens of a prompt of any length. Throws VeraError 'usage' where the model cannot read it. */
export function encodePrompt(tokenizer: Tokenizer, prompt: Prompt): readonly number[] {
  if ('tokens' in prompt) return prompt.tokens;
  if ('text' in prompt) return textPrompt(tokenizer, prompt.text);
  if ('prefix' in prompt) return fillPrompt(tokenizer, prompt.prefix, prompt.suffix);
  if (!tokenizer.renderChat) throw new VeraError('usage', UNABLE.chat);
  const text = tokenizer.renderChat([...prompt.messages], { addGenerationPrompt: true });
  return tokenizer.encode(text, { addSpecialTokens: false });
}
