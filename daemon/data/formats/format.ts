import type { ChatMessage } from '../chat-template.ts';
import type { FieldPath, Row } from '../row.ts';

/** A row as its format understands it, before it becomes tokens. */
export type Sample =
  | {
      kind: 'chat';
      messages: ChatMessage[];
      tools?: unknown[];
      /** only messages from here on are answers */ from?: number;
      /** answers that the data mark as not to be learned, by index */ unlearned?: readonly number[];
      /** for each message its index in the row's list, if they differ; -1 for one that another column holds */
      origins?: readonly number[];
    }
  /** `messages` are used if the model has a chat template, prompt and completion if it has none. */
  | { kind: 'pair'; prompt: string; completion: string; messages: ChatMessage[] }
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string; path?: string };

/** A column of a row, or a field of a message in it. */
export interface Field {
  readonly name: string;
  /** A row without this field is refused. */
  readonly needed?: boolean;
  /** What other tools call this field, in lower case. The editor's quick fix renames these. */
  readonly aliases?: readonly string[];
}

/** The list of messages in a row. */
export interface MessageList {
  readonly column: string;
  /** The fields of a message that say who speaks and what is said. */
  readonly role: Field;
  readonly content: Field;
  /** The roles that the format reads. */
  readonly roles: readonly string[];
}

/** A part of a sample. The editor asks where it is in the row. */
export type Part = 'question' | 'answer' | 'text' | { readonly message: number; readonly field?: 'role' | 'content' };

/** A row format: how to recognise it by its columns, how to read and write a row, and what the editor must know about it. */
export interface RowFormat {
  /** The word that `--format` takes. */
  readonly name: string;
  /** The name that people read. */
  readonly label: string;
  /** The columns that it needs, in words. Messages and help show it. */
  readonly columns: string;
  /** A short row, for help and docs. */
  readonly example: Row;
  /** The columns that it reads. All other columns are ignored, and stay when a row is converted. */
  readonly fields: readonly Field[];
  readonly messages?: MessageList;
  matches(row: Row): boolean;
  /** Throws BadRow for missing or mistyped fields. */
  read(row: Row): Sample;
  /** The columns of a row that says the same as `sample`; undefined if this format cannot say it. */
  write(sample: Sample): Row | undefined;
  /** Where a part of a sample is in the row that it was read from. */
  place(row: Row, sample: Sample, part: Part): FieldPath;
}
