import { exportFormat } from '../../export/formats/registry.ts';
import { openAdapter } from '../../export/openAdapter.ts';
import { writeExport } from '../../export/writeExport.ts';
import { PROCESS_BYTES } from '../../train/estimate.ts';
import { writeStaged } from '../staged.ts';
import type { Kind } from './kind.ts';
import { merge } from './merge.ts';

/** Writes an adapter in a format of daemon/export/formats/. */
export const exported: Kind<'export'> = {
  name: 'export',
  estimate: async ({ format, ...task }, options) =>
    exportFormat(format).job === 'merge'
      ? merge.estimate({ ...task, kind: 'merge' }, options)
      : { memoryBytes: PROCESS_BYTES, details: {} },

  async run({ adapter: dir, base, format, options, out }, { resolve, folder }) {
    const result = await writeStaged(out, folder, async (staging) =>
      writeExport(exportFormat(format), { dir: staging, out }, await openAdapter(dir, base, resolve), options, resolve),
    );
    return { result };
  },
};
