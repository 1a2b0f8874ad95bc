import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';

/**
 * The words of a text as the index cuts them: letters, digits and underscores, the rest parts them. Nothing of what a user types
 * reaches FTS5 as syntax: each word is quoted.
 */
export const wordsOf = (text: string): string[] => text.normalize('NFC').match(/[\p{L}\p{N}\p{M}\p{Co}_]+/gu) ?? [];

/** A condition on `adapter`: each word of the text begins a word of its name, note or tags. No words match nothing. */
export function matching(text: string): RawBuilder<boolean> {
  const words = wordsOf(text);
  if (words.length === 0) return sql<boolean>`0`;
  const query = words.map((word) => `"${word}"*`).join(' AND ');
  return sql<boolean>`adapter.id IN (SELECT rowid FROM adapter_search WHERE adapter_search MATCH ${query})`;
}

/** A condition on `adapter`: it has exactly this tag. */
export function tagged(tag: string): RawBuilder<boolean> {
  const words = wordsOf(tag);
  const exactly = sql<boolean>`EXISTS (SELECT 1 FROM json_each(adapter.tags) WHERE value = ${tag})`;
  if (words.length === 0) return exactly; // a tag of signs alone is in no index
  const query = words.map((word) => `tags : "${word}"`).join(' AND ');
  return sql<boolean>`adapter.id IN (SELECT rowid FROM adapter_search WHERE adapter_search MATCH ${query}) AND ${exactly}`;
}
