import { exportFormat } from '../../export/formats/registry.ts';
import { openAdapter } from '../../export/openAdapter.ts';
import { PROCESS_BYTES } from '../../train/estimate.ts';
import { writeStaged } from '../staged.ts';
import type { Kind } from './kind.ts';

/** Writes an adapter for other programs. */
export const exported: Kind<'export'> = {
  name: 'export',
  estimate: async () => ({ memoryBytes: PROCESS_BYTES, details: {} }),

  async run({ adapter: dir, base, format, projection, out }, { resolve, folder }) {
    const result = await writeStaged(out, folder, async (staging) => {
      const { adapter } = await openAdapter(dir, base, resolve);
      await exportFormat(format).write(staging, adapter, { projection });
      return { out, format, method: adapter.method };
    });
    return { result };
  },
};
