import { findBases } from '../../bases/find.ts';
import { deleteKept, downloadOf, filesOf } from '../../bases/kept.ts';
import { searchBases } from '../../bases/search.ts';
import { forgetBase, readBase } from '../../catalog/bases.ts';
import { listJobs } from '../../catalog/jobs.ts';
import { listBases } from '../../catalog/records.ts';
import { cacheFolder } from '../../home.ts';
import { RECOMMENDED } from '../../models/recommended.ts';
import { VeraError } from '../../protocol/errors.ts';
import type * as bases from '../../protocol/bases.ts';
import { baseName } from '../../protocol/baseName.ts';
import type { JobState } from '../../protocol/jobs.ts';
import type { Db } from '../../catalog/schema.ts';
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
  async files({ daemon: { catalog } }, { bases: ids }) {
    const rows = await Promise.all(ids.map((id) => readBase(catalog.db, id)));
    return { items: rows.map((row) => ({ base: row.id, ...filesOf(row, cacheFolder()) })) };
  },
  async remove({ daemon: { catalog, actor } }, { base }) {
    const cache = cacheFolder();
    const row = typeof base === 'string' ? undefined : await readBase(catalog.db, base);
    const spec = row?.spec ?? String(base);
    await refuseBusy(catalog.db, spec);
    const freedBytes = deleteKept(row === undefined ? downloadOf(spec, cache) : filesOf(row, cache).kept);
    const gone = row === undefined || (await catalog.change((change) => forgetBase(change, row.id, actor)));
    return { freedBytes, listed: !gone };
  },
};

const WAITING: readonly JobState[] = ['queued', 'running', 'pausing', 'paused', 'cancelling'];

/** Throws VeraError 'conflict' while a job that is not over names the base. */
async function refuseBusy(db: Db, spec: string): Promise<void> {
  const { items } = await listJobs(db, { states: [...WAITING], limit: 500 });
  const busy = items.find((job) => JSON.stringify(job.spec).includes(JSON.stringify(spec)));
  if (busy !== undefined)
    throw new VeraError(
      'conflict',
      `${baseName(spec)} is used by job ${busy.id} (${busy.title}); cancel it or wait for it`,
    );
}
