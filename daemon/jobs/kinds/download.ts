import { resolveBase } from '../../models/resolve.ts';
import { PROCESS_BYTES } from '../../train/estimate.ts';
import { baseOf } from './content.ts';
import type { Kind } from './kind.ts';

/** Fetches or converts a base model, so that what follows finds it ready. */
export const download: Kind<'download'> = {
  name: 'download',
  estimate: async () => ({ memoryBytes: PROCESS_BYTES, details: {} }),

  async run({ base: spec }, { resolve }) {
    const base = await resolveBase(spec, resolve);
    return { result: { dir: base.dir, fingerprint: base.fingerprint }, base: baseOf(base, spec) };
  },
};
