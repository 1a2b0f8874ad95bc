import { forget, listTexts, recordCompletions, setCounting, summarise } from '../../catalog/completions.ts';
import type * as completions from '../../protocol/completions.ts';
import type { Handlers } from '../context.ts';

export const completionHandlers: Handlers<typeof completions> = {
  record: async ({ daemon: { catalog } }, params) => ({
    counted: await catalog.change((change) => recordCompletions(change, params.completions)),
  }),
  summary: ({ daemon: { catalog } }, params) => summarise(catalog.db, params),
  texts: ({ daemon: { catalog } }, params) => listTexts(catalog.db, params),
  forget: ({ daemon: { catalog, actor } }, params) => catalog.change((change) => forget(change, params, actor)),
  counting: async ({ daemon: { catalog, actor } }, { counting }) => {
    await catalog.change((change) => setCounting(change, counting, actor));
    return { counting };
  },
};
