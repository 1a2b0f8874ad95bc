import type { ChatMessage } from '../chat-template.ts';
import type { Row } from '../row.ts';

/** A row as its format understands it, before any token exists. */
export type Sample =
  | {
      kind: 'chat';
      messages: ChatMessage[];
      tools?: unknown[];
      /** only messages from here on are answers */ from?: number;
    }
  /** `messages` are used when the model has a chat template, prompt + completion when it has none. */
  | { kind: 'pair'; prompt: string; completion: string; messages: ChatMessage[] }
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string; path?: string };

/** A dataset format: how to know it by its columns, and how to read a row of it. */
export interface Format {
  /** The word `--format` takes. */
  id: string;
  /** How it is said to a person. */
  name: string;
  /** The columns it needs, for messages. */
  columns: string;
  matches(row: Row): boolean;
  /** Throws BadRow for missing or mistyped fields. */
  read(row: Row): Sample;
}
