import { type App, type Handlers, type Panel, requireTrust } from '../app.ts';
import { adapterOf } from '../adapters/commands.ts';
import type { AdapterNode } from '../adapters/view.ts';
import { evaluateCompletions } from './evaluate.ts';
import { exportWith } from './flow.ts';

export const outputCommands = (
  app: App,
  panel: Panel,
): Handlers<'evaluateAdapter' | 'mergeAdapter' | 'exportAdapter'> => ({
  evaluateAdapter: async (node: AdapterNode) => {
    await requireTrust('Evaluating completions');
    return evaluateCompletions(app, panel, adapterOf(node));
  },
  mergeAdapter: async (node: AdapterNode) => {
    await requireTrust('Merging');
    return exportWith(app, adapterOf(node), 'merge');
  },
  exportAdapter: async (node: AdapterNode) => {
    await requireTrust('Exporting');
    return exportWith(app, adapterOf(node));
  },
});
