import type { Tokenizer } from '../../data/tokenizer.ts';
import { VeraError } from '../../protocol/errors.ts';
import { tooLong, UNABLE } from '../../protocol/unable.ts';
import { fillPrompt, textPrompt } from '../prompt.ts';
import type { EngineInfo, Prompt } from './request.ts';

/** A prompt as tokens. */
export interface PromptTokens {
  readonly tokens: readonly number[];
  /** The token from which the first token of an answer is predicted: the last one, or one before an earlier answer of the conversation. */
  readonly answerFrom: number;
}

/** The tokens of a prompt. Throws VeraError 'usage' where the model cannot read it. */
export function promptTokens(
  tokenizer: Tokenizer,
  prompt: Prompt,
  { maxLength, vocabulary }: Pick<EngineInfo, 'maxLength' | 'vocabulary'>,
): PromptTokens {
  const tokens = encodePrompt(tokenizer, prompt);
  if (tokens.length === 0) throw new VeraError('usage', 'the prompt has no tokens; give it some text');
  if (tokens.length >= maxLength) throw new VeraError('usage', tooLong(tokens.length, maxLength));
  const bad = tokens.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabulary);
  if (bad !== undefined)
    throw new VeraError('usage', `token ${bad} of the prompt is outside the base's vocabulary of ${vocabulary}`);
  return { tokens, answerFrom: firstAnswer(tokenizer, prompt, tokens) - 1 };
}

/** The index of the first token of the first answer: the length of the prompt if there is no earlier answer. As training finds it. */
function firstAnswer(tokenizer: Tokenizer, prompt: Prompt, tokens: readonly number[]): number {
  if (!('messages' in prompt)) return tokens.length;
  const place = prompt.messages.findIndex(({ role }) => role === 'assistant');
  if (place < 1) return tokens.length;
  try {
    const tools = [...(prompt.tools ?? [])];
    const text = tokenizer.renderChat!(prompt.messages.slice(0, place), { addGenerationPrompt: true, tools });
    const before = tokenizer.encode(text, { addSpecialTokens: false });
    const differs = before.findIndex((id, i) => id !== tokens[i]);
    return Math.max(1, differs < 0 ? before.length : differs);
  } catch {
    return tokens.length; // a template may refuse half a conversation
  }
}

/** The tokens of a prompt of any length. Throws VeraError 'usage' where the model cannot read it. */
export function encodePrompt(tokenizer: Tokenizer, prompt: Prompt): readonly number[] {
  if ('tokens' in prompt) return prompt.tokens;
  if ('text' in prompt) return textPrompt(tokenizer, prompt.text);
  if ('prefix' in prompt) return fillPrompt(tokenizer, prompt.prefix, prompt.suffix);
  if (!tokenizer.renderChat) throw new VeraError('usage', UNABLE.chat);
  const tools = [...(prompt.tools ?? [])];
  const text = tokenizer.renderChat([...prompt.messages], { addGenerationPrompt: true, tools });
  // The only form in which calls are found in an answer.
  if (tools.length > 0 && !text.includes('<tool_call>')) throw new VeraError('usage', UNABLE.tools);
  return tokenizer.encode(text, { addSpecialTokens: false });
}
