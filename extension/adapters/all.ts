import type { App } from '../app.ts';
import { listAll } from '../listing.ts';
import { describedSettings } from '../tuning/fields.ts';
import { type ShownAdapter, shownAdapter } from './describe.ts';

/** All adapters in or outside the trash, newest first. */
export async function allAdapters(app: App, { deleted = false } = {}): Promise<ShownAdapter[]> {
  const [described, rows] = await Promise.all([
    describedSettings(app),
    listAll((after) => app.daemon.call(({ adapters }) => adapters.list, { deleted, limit: 500, ...after })),
  ]);
  return rows.map((row) => shownAdapter(row, described));
}
