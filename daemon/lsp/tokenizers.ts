import { loadTokenizer, type Tokenizer } from '../data/tokenizer.ts';
import { resolveTokenizer } from '../models/resolve.ts';
import { VeraError } from '../protocol/errors.ts';

/** A tokenizer, or why it could not be loaded. */
export type Loaded = { tokenizer: Tokenizer } | { reason: string };

/** Loads the tokenizer of a base, each only once. After a failure, the next call tries again. */
export function tokenizerStore(cache: string): (base: string) => Promise<Loaded> {
  const known = new Map<string, Promise<Loaded>>();
  const load = async (base: string): Promise<Loaded> => {
    try {
      return { tokenizer: loadTokenizer(await resolveTokenizer(base, { cache })) };
    } catch (error) {
      known.delete(base);
      if (error instanceof VeraError) return { reason: error.message };
      return {
        reason: `the tokenizer of ${base} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      };
    }
  };
  return (base) => {
    const loaded = known.get(base) ?? load(base);
    known.set(base, loaded);
    return loaded;
  };
}
