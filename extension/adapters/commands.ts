import * as vscode from 'vscode';
import { type App, chosen, type Handlers, type Panel } from '../app.ts';
import { BY_KEY } from '../contributions.ts';
import { type Clicked, targetsOf } from '../lists/targets.ts';
import { faultOfName } from '../name.ts';
import { activateFor, deactivateFor, pickActive } from './active.ts';
import { allAdapters } from './all.ts';
import { showComparison } from './compare.ts';
import { adapterFacts } from './facts.ts';
import { importAdapter, packAdapter } from './files.ts';
import { adapterFor, adaptersFor, pickAdapter, pickAdapters } from './pick.ts';
import { deleteProject, moveAdapters, newProject, renameProject } from './projects.ts';
import { deleteAdapters } from './remove.ts';
import { revealFolder } from './reveal.ts';
import type { AdapterNode, AdaptersView } from './view.ts';

type Names =
  | 'tryAdapter'
  | 'pickAdapter'
  | 'activateAdapter'
  | 'deactivateAdapter'
  | 'renameAdapter'
  | 'noteAdapter'
  | 'tagAdapter'
  | 'compareAdapter'
  | 'moveAdapter'
  | 'deleteAdapter'
  | 'restoreAdapter'
  | 'revealAdapter'
  | 'importAdapter'
  | 'packAdapter'
  | 'newProject'
  | 'renameProject'
  | 'deleteProject'
  | 'filterAdapters'
  | 'clearAdaptersFilter'
  | 'sortAdapters';
type Node = Clicked<AdapterNode>;

export function adapterCommands(app: App, panel: Panel, shown: AdaptersView): Handlers<Names> {
  const { daemon } = app;
  const { view, list } = shown;
  const one = (node: Node, title: string) => adapterFor(app, view, node, title);
  const some = (clicked: Node, selected: readonly AdapterNode[] | undefined, title: string) =>
    adaptersFor(app, view, { clicked, selected }, title);
  return {
    pickAdapter: () => pickActive(app),
    activateAdapter: async (node: Node) => activateFor(app, (await one(node, 'Activate')).id),
    tryAdapter: async (node: Node) => panel.tryIt((await one(node, 'Try an adapter beside its base')).id),
    deactivateAdapter: () => deactivateFor(app),
    renameAdapter: async (node: Node) => {
      // One key renames whatever has the focus in the view.
      const [target] = node === BY_KEY ? ((await targetsOf(view, node, undefined)) ?? []) : [node];
      if (target?.kind === 'group')
        return target.group.project === null ? undefined : renameProject(app, target.group.project);
      const { id, name } = await one(target, 'Rename');
      const wanted = chosen(
        await vscode.window.showInputBox({ title: `Rename ${name}`, value: name, validateInput: faultOfName }),
      );
      if (wanted.trim() !== name)
        await daemon.call(({ adapters }) => adapters.update, { adapter: id, name: wanted.trim() });
    },
    noteAdapter: async (node: Node) => {
      const { id, name, note } = await one(node, 'Edit Note');
      const wanted = chosen(
        await vscode.window.showInputBox({
          title: `Note of ${name}`,
          value: note,
          prompt: 'For example, what the adapter is for and what it was trained on',
        }),
      );
      await daemon.call(({ adapters }) => adapters.update, { adapter: id, note: wanted });
    },
    tagAdapter: async (node: Node, selected?: readonly AdapterNode[]) => {
      const adapters = await some(node, selected, 'Edit Tags');
      const common = adapters[0]!.tags.filter((tag) => adapters.every(({ tags }) => tags.includes(tag)));
      const typed = chosen(
        await vscode.window.showInputBox({
          title: adapters.length === 1 ? `Tags of ${adapters[0]!.name}` : `Tags of ${adapters.length} adapters`,
          prompt: 'Separate tags with commas',
          value: common.join(', '),
          validateInput: (text) =>
            tagsOf(text)
              .map(faultOfName)
              .find((fault) => fault !== undefined),
        }),
      );
      const wanted = tagsOf(typed);
      for (const { id, tags } of adapters) {
        const own = tags.filter((tag) => !common.includes(tag) && !wanted.includes(tag));
        await daemon.call(({ adapters: methods }) => methods.update, { adapter: id, tags: [...own, ...wanted] });
      }
    },
    compareAdapter: async (node: Node, selected?: readonly AdapterNode[]) => {
      const [first, second] = await some(node, selected, 'Compare');
      const others = (await allAdapters(app)).filter(({ id }) => id !== first!.id);
      const other = second ?? (await pickAdapter(others, `Compare ${first!.name} with`));
      await showComparison(app, panel, first!, other);
    },
    moveAdapter: async (node: Node, selected?: readonly AdapterNode[]) =>
      moveAdapters(app, await some(node, selected, 'Move to Another Project')),
    deleteAdapter: async (node: Node, selected?: readonly AdapterNode[]) => {
      if (node !== BY_KEY) return deleteAdapters(app, await some(node, selected, 'Delete'));
      // One key deletes what has the focus: a project only if no adapter is selected, since "select all" takes projects too.
      const nodes = (await targetsOf(view, node, undefined)) ?? [];
      const [target] = nodes;
      if (target === undefined) return;
      if (nodes.some(({ kind }) => kind === 'adapter')) return deleteAdapters(app, await some(target, nodes, 'Delete'));
      if (target.kind === 'group' && target.group.project !== null) await deleteProject(app, target.group.project);
    },
    restoreAdapter: async () => {
      const gone = await allAdapters(app, { deleted: true });
      if (gone.length === 0) return void vscode.window.setStatusBarMessage('The trash has no adapters.', 4000);
      for (const { id } of await pickAdapters(gone, 'Restore Deleted Adapters'))
        await daemon.call(({ adapters }) => adapters.restore, { adapter: id });
    },
    revealAdapter: async (node: Node) => {
      const { name, run } = await one(node, 'Reveal Run Folder');
      if (run === null)
        return vscode.window.showInformationMessage(
          `${name} was not made by a run here: it has no folder. Export it to get one.`,
        );
      const { run: made } = await daemon.call(({ runs }) => runs.get, { run });
      return revealFolder(made.out);
    },
    importAdapter: () => importAdapter(app),
    packAdapter: async (node: Node) => packAdapter(app, await one(node, 'Save as One File')),
    newProject: () => newProject(app),
    renameProject: async (node?: AdapterNode) =>
      renameProject(app, node?.kind === 'group' ? (node.group.project ?? undefined) : undefined),
    deleteProject: (node?: AdapterNode) =>
      node?.kind === 'group' && node.group.project !== null ? deleteProject(app, node.group.project) : undefined,
    filterAdapters: async () => list.filter((await allAdapters(app)).map(adapterFacts)),
    clearAdaptersFilter: () => list.clear(),
    sortAdapters: () => list.sort(),
  };
}

const tagsOf = (text: string): string[] => [
  ...new Set(
    text
      .split(',')
      .map((tag) => tag.trim())
      .filter((tag) => tag !== ''),
  ),
];
