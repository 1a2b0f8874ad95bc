import { relative, sep } from 'node:path';
import { downloadsFolder } from '../../models/resolve.ts';
import { isHubId } from '../../protocol/hubId.ts';
import type { BaseSource } from '../source.ts';

/** Models that VeRA Studio has downloaded: OWNER/NAME. */
export const downloads: BaseSource = {
  name: 'downloads',
  label: 'downloaded by VeRA Studio',
  async *find({ cache, walk }) {
    const root = downloadsFolder(cache);
    for await (const { path, files } of walk(root, 2)) {
      const id = relative(root, path).split(sep).join('/');
      if (isHubId(id) && files.includes('config.json')) yield { spec: id, path, name: id };
    }
  },
};
