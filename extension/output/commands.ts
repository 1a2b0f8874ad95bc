import { adapterFor } from '../adapters/pick.ts';
import type { AdapterNode, AdaptersView } from '../adapters/view.ts';
import { type App, type Handlers, type Panel, requireTrust } from '../app.ts';
import type { Clicked } from '../lists/targets.ts';
import { evaluateCompletions } from './evaluate.ts';
import { exportWith } from './flow.ts';

export function outputCommands(
  app: App,
  panel: Panel,
  { view }: AdaptersView,
): Handlers<'evaluateAdapter' | 'mergeAdapter' | 'exportAdapter'> {
  const one = (node: Clicked<AdapterNode>, title: string) => adapterFor(app, view, node, title);
  return {
    evaluateAdapter: async (node: Clicked<AdapterNode>) => {
      await requireTrust('Evaluating completions');
      return evaluateCompletions(app, panel, await one(node, 'Evaluate Completions'));
    },
    mergeAdapter: async (node: Clicked<AdapterNode>) => {
      await requireTrust('Merging');
      return exportWith(app, panel, await one(node, 'Merge into Model'), 'merge');
    },
    exportAdapter: async (node: Clicked<AdapterNode>) => {
      await requireTrust('Exporting');
      return exportWith(app, panel, await one(node, 'Export'));
    },
  };
}
