import { statedBase } from '../../export/adapter.ts';
import { openAdapter } from '../../export/openAdapter.ts';
import { PROCESS_BYTES } from '../../train/estimate.ts';
import { contentOf } from './content.ts';
import type { Kind } from './kind.ts';

/** Checks a PEFT folder against its base and takes its adapter into the catalog. */
export const imported: Kind<'import'> = {
  name: 'import',
  estimate: async () => ({ memoryBytes: PROCESS_BYTES, details: {} }),

  async run({ dir, base: given }, { resolve }) {
    const { adapter, base } = await openAdapter(dir, given, resolve);
    return { result: { dir }, adapter: contentOf(adapter, base, given ?? statedBase(dir) ?? base.dir) };
  },
};
