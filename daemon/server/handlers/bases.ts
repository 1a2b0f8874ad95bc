import { findBases } from '../../bases/find.ts';
import { searchBases } from '../../bases/search.ts';
import { listBases } from '../../catalog/records.ts';
import { cacheFolder } from '../../home.ts';
import { RECOMMENDED } from '../../models/recommended.ts';
import type * as bases from '../../protocol/bases.ts';
import type { Handlers } from '../context.ts';

const MOST_USED = 100; // bases that are looked for among those used

export const baseHandlers: Handlers<typeof bases> = {
  async find({ daemon: { catalog }, signal }, { folders }) {
    const { items } = await listBases(catalog.db, { limit: MOST_USED });
    return findBases({ folders, used: items, cache: cacheFolder(), signal });
  },
  recommended: () => ({ items: RECOMMENDED.map(({ config: _, ...one }) => ({ ...one, goodAt: [...one.goodAt] })) }),
  async search({ signal }, { text, hubToken: token }) {
    return { items: await searchBases(text, { signal, ...(token === undefined ? {} : { token }) }) };
  },
};
