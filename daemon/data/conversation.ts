import type { ChatMessage } from './chat-template.ts';
import type { Sample } from './formats/format.ts';

/** The conversation in a sample. Formats write it in their own way. */
export interface Conversation {
  readonly messages: ChatMessage[];
  readonly tools?: unknown[];
  /** True if every message is text alone, without tool calls. */
  readonly plain: boolean;
}

/** The conversation that a sample holds; undefined for text and code. */
export function conversationOf(sample: Sample): Conversation | undefined {
  if (sample.kind === 'text' || sample.kind === 'code') return undefined;
  const { messages } = sample;
  const tools = sample.kind === 'chat' ? sample.tools : undefined;
  const plain = messages.every((message) => typeof message.content === 'string' && !('tool_calls' in message));
  return { messages, plain, ...(tools ? { tools } : {}) };
}
