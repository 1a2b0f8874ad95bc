import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';

/**
 * The words of a text, roughly as the index splits them: letters, digits and underscores; other characters separate words. No
 * input reaches FTS5 as syntax: each word is quoted, and a word that the index splits further becomes several words in a row.
 */
export const wordsOf = (text: string): string[] => text.normalize('NFC').match(/[\p{L}\p{N}\p{M}\p{Co}_]+/gu) ?? [];

/**
 * A query for FTS5: each word of `search` is the beginning of a word in a name, note or tag; each word of `tag` is a word of
 * a tag.
 */
export function matchOf({ search, tag }: { search?: string | undefined; tag?: string | undefined }): string {
  const begun = wordsOf(search ?? '').map((word) => `"${word}"*`);
  const whole = wordsOf(tag ?? '').map((word) => `tags : "${word}"`);
  return [...begun, ...whole].join(' AND ');
}

/** A condition on `adapter`: it has exactly this tag. */
export const tagged = (tag: string): RawBuilder<boolean> =>
  sql<boolean>`EXISTS (SELECT 1 FROM json_each(adapter.tags) WHERE value = ${tag})`;
