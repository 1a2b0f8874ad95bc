import { type App, type Handlers, requireTrust } from '../app.ts';
import { adapterOf } from '../adapters/commands.ts';
import type { AdapterNode } from '../adapters/view.ts';
import { exportWith } from './flow.ts';

export const outputCommands = (app: App): Handlers<'mergeAdapter' | 'exportAdapter'> => ({
  mergeAdapter: async (node: AdapterNode) => {
    await requireTrust('Merging');
    return exportWith(app, adapterOf(node), 'merge');
  },
  exportAdapter: async (node: AdapterNode) => {
    await requireTrust('Exporting');
    return exportWith(app, adapterOf(node));
  },
});
