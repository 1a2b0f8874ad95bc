import { statedBase } from '../../export/adapter.ts';
import { merge as format } from '../../export/formats/merge.ts';
import { openAdapter } from '../../export/openAdapter.ts';
import { writeExport } from '../../export/writeExport.ts';
import { PROCESS_BYTES } from '../../train/estimate.ts';
import { preflightModel } from '../../train/preflight.ts';
import { writeStaged } from '../staged.ts';
import type { Kind } from './kind.ts';

/** Writes the base with an adapter in its weights. */
export const merge: Kind<'merge'> = {
  name: 'merge',

  async estimate({ adapter, base }, options) {
    const spec = base ?? statedBase(adapter);
    const memoryBytes = PROCESS_BYTES + (spec === undefined ? 0 : await preflightModel(spec, options));
    return { memoryBytes, details: {} };
  },

  async run({ adapter: dir, base, out }, { resolve, folder }) {
    const result = await writeStaged(out, folder, async (staging) =>
      writeExport(format, { dir: staging, out }, await openAdapter(dir, base, resolve), {}, resolve),
    );
    return { result };
  },
};
