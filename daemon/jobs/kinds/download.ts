import { resolveBase } from '../../models/resolve.ts';
import { PROCESS_BYTES } from '../../train/estimate.ts';
import type { Kind } from './kind.ts';

/** Fetches or converts a base model, so that what follows finds it ready. */
export const download: Kind<'download'> = {
  name: 'download',
  estimate: async () => ({ memoryBytes: PROCESS_BYTES, details: {} }),

  async run({ base: spec }, { resolve }) {
    const { dir, fingerprint } = await resolveBase(spec, resolve);
    return { result: { dir, fingerprint } };
  },
};
