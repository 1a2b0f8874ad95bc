import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';

/**
 * The words of a text, roughly as the index cuts them: letters, digits and underscores, the rest parts them. Nothing of what a
 * user types reaches FTS5 as syntax: each word is quoted, and one that the index cuts further is several words in a row.
 */
export const wordsOf = (text: string): string[] => text.normalize('NFC').match(/[\p{L}\p{N}\p{M}\p{Co}_]+/gu) ?? [];

/** A search as FTS5 takes it: each word of `search` begins a word of a name, note or tag, and each word of `tag` is one of a tag. */
export function matchOf({ search, tag }: { search?: string | undefined; tag?: string | undefined }): string {
  const begun = wordsOf(search ?? '').map((word) => `"${word}"*`);
  const whole = wordsOf(tag ?? '').map((word) => `tags : "${word}"`);
  return [...begun, ...whole].join(' AND ');
}

/** A condition on `adapter`: it has exactly this tag. */
export const tagged = (tag: string): RawBuilder<boolean> =>
  sql<boolean>`EXISTS (SELECT 1 FROM json_each(adapter.tags) WHERE value = ${tag})`;
