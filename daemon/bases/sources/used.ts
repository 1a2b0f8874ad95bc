import { baseName } from '../../protocol/baseName.ts';
import { localPath } from '../../models/resolve.ts';
import type { BaseSource } from '../source.ts';

/** Bases of earlier runs that are still on this machine. */
export const used: BaseSource = {
  name: 'used',
  label: 'used before',
  async *find({ used: bases, cache }) {
    for (const { spec, usedAt } of bases) {
      const path = localPath(spec, cache);
      if (path !== undefined) yield { spec, path, name: baseName(spec), usedAt };
    }
  },
};
