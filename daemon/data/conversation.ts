import type { ChatMessage } from './chat-template.ts';
import type { Sample } from './formats/format.ts';

/** The conversation in a sample. Formats write it in their own way. */
export interface Conversation {
  readonly messages: ChatMessage[];
  readonly tools?: unknown[];
  /** True if every message is text alone, without tool calls or reasoning. */
  readonly plain: boolean;
  /** Answers that are not to be learned, by index. */
  readonly unlearned?: readonly number[];
}

/** The fields of a message that every format can write. */
const PLAIN = ['role', 'content'];

/** The conversation that a sample holds; undefined for text and code. */
export function conversationOf(sample: Sample): Conversation | undefined {
  if (sample.kind === 'text' || sample.kind === 'code') return undefined;
  const { messages } = sample;
  const tools = sample.kind === 'chat' ? sample.tools : undefined;
  const unlearned = sample.kind === 'chat' ? sample.unlearned : undefined;
  const plain = messages.every(
    (message) => typeof message.content === 'string' && Object.keys(message).every((key) => PLAIN.includes(key)),
  );
  return { messages, plain, ...(tools ? { tools } : {}), ...(unlearned ? { unlearned } : {}) };
}
