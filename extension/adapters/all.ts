import type { AdapterRow } from '../../daemon/protocol/adapters.ts';
import type { App } from '../app.ts';
import { listAll } from '../listing.ts';

/** All adapters that are not in the trash, newest first. */
export const allAdapters = ({ daemon }: App): Promise<AdapterRow[]> =>
  listAll((after) => daemon.call(({ adapters }) => adapters.list, { limit: 500, ...after }));
