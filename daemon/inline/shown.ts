/** The model that wrote a text. */
export interface Author {
  /** As GET /v1/models lists it. */
  readonly id: string;
  /** A folder, a file or a hub id. */
  readonly base: string;
  /** null: the base alone. `hash`: of its content. */
  readonly adapter: { readonly id: number; readonly name: string; readonly hash: string } | null;
}

/**
 * An inline completion that was handed to an editor to show. Whether a person accepts it is not told by editors; it shows in the
 * document: then its text stands between `start` and `start + text.length`.
 */
export interface Shown {
  /** Numbers what one process shows. */
  readonly number: number;
  /** The shown completion that this one is the rest of, because a person typed the text before. */
  readonly continues: number | undefined;
  readonly uri: string;
  readonly languageId: string;
  /** Where the text goes: it replaces what is between these two, in UTF-16 units from the start of the document. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Where the cursor was, in the same units: from `start` to here the text repeats what the document had. */
  readonly offset: number;
  readonly model: Author;
  /** A person asked for it with a command. */
  readonly invoked: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Milliseconds from the editor's request to the text; null if the text was there already. */
  readonly latencyMs: number | null;
}
