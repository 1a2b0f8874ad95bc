import { statedBase } from '../../export/adapter.ts';
import { mergeModel } from '../../export/merge.ts';
import { openAdapter } from '../../export/openAdapter.ts';
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

  async run({ adapter: dir, base: given, out }, { resolve, folder }) {
    const result = await writeStaged(out, folder, async (staging) => {
      const opened = await openAdapter(dir, given, resolve);
      const { cache, onProgress } = resolve;
      const options = { ...opened, out: staging, cache, ...(onProgress ? { onProgress } : {}) };
      const { maxDifference, ...report } = await mergeModel(options);
      return { out, maxLogitDifference: maxDifference, ...report };
    });
    return { result };
  },
};
