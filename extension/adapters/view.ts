import * as vscode from 'vscode';
import { type App, hasBegun, workspaceFolder } from '../app.ts';
import { COMMANDS, ITEMS, VIEWS } from '../contributions.ts';
import { type NarrowedList, narrowedList } from '../lists/choose.ts';
import { isNarrowed, narrowed } from '../lists/narrow.ts';
import { soonest } from '../listing.ts';
import { activeHere } from './active.ts';
import { allAdapters } from './all.ts';
import { groupAdapters, type AdapterGroup } from './groups.ts';
import { adapterFacts } from './facts.ts';
import { allProjects, moveInto } from './projects.ts';
import { describeAdapter, factsOf, type ShownAdapter } from './describe.ts';

export type AdapterNode = { readonly kind: 'group'; readonly group: AdapterGroup } | AdapterLeaf;
export interface AdapterLeaf {
  readonly kind: 'adapter';
  readonly adapter: ShownAdapter;
  readonly active: boolean;
}

/** The view, for the commands. */
export interface AdaptersView {
  readonly view: vscode.TreeView<AdapterNode>;
  readonly list: NarrowedList;
}

/** The view of adapters, by project and user, with the active one marked. A person can drag an adapter to another project. */
export function registerAdaptersView(app: App): AdaptersView {
  const { context, daemon } = app;
  const changed = new vscode.EventEmitter<undefined>();
  const refresh = soonest(() => changed.fire(undefined));
  const list = narrowedList(app, { key: 'adapters', what: 'Adapters', filtered: 'adaptersFiltered' }, refresh);
  const provider: vscode.TreeDataProvider<AdapterNode> = {
    onDidChangeTreeData: changed.event,
    getTreeItem: itemOf,
    async getChildren(node) {
      if (node?.kind === 'adapter') return [];
      if (node !== undefined)
        return node.group.adapters.map((adapter) => ({
          kind: 'adapter',
          adapter,
          active: node.group.active === adapter.id,
        }));
      if (!hasBegun(app)) return [];
      const workspace = workspaceFolder();
      const [adapters, active, projects] = await Promise.all([allAdapters(app), activeHere(app), allProjects(app)]);
      const shown = narrowed(adapters, adapterFacts, list.get());
      list.tell(view, shown.length, adapters.length);
      // A project that a person made is shown before it has adapters, so that some can be moved there.
      const empty = isNarrowed(list.get()) ? [] : projects.filter((one) => one.folder === null && one.adapters === 0);
      return groupAdapters(shown, {
        ...{ active: active?.id ?? null, workspace },
        empty: empty.map(({ name }) => name),
      }).map((group) => ({ kind: 'group', group }));
    },
  };
  const dragged = `application/vnd.code.tree.${VIEWS.adapters.toLowerCase()}`;
  const view = vscode.window.createTreeView(VIEWS.adapters, {
    treeDataProvider: provider,
    showCollapseAll: true,
    canSelectMany: true,
    dragAndDropController: {
      dragMimeTypes: [dragged],
      dropMimeTypes: [dragged],
      handleDrag: (nodes, transfer) => {
        const ids = nodes.flatMap((node) => (node.kind === 'adapter' ? [node.adapter.id] : []));
        if (ids.length > 0) transfer.set(dragged, new vscode.DataTransferItem(ids));
      },
      handleDrop: async (target, transfer) => {
        const ids = transfer.get(dragged)?.value as unknown;
        if (target === undefined || !Array.isArray(ids)) return;
        const adapters = (ids as number[]).map((id) => ({ id }));
        await moveInto(app, adapters, target.kind === 'group' ? target.group.project : target.adapter.project);
      },
    },
  });
  context.subscriptions.push(
    view,
    changed,
    daemon.onRefresh(refresh),
    daemon.onCatalog(({ kind }) =>
      kind === 'adapter' || kind === 'project' || kind === 'user' ? refresh() : undefined,
    ),
    vscode.workspace.onDidChangeWorkspaceFolders(refresh),
  );
  return { view, list };
}

function itemOf(node: AdapterNode): vscode.TreeItem {
  if (node.kind === 'group') {
    const { title, detail, icon } = node.group;
    const item = new vscode.TreeItem(title, vscode.TreeItemCollapsibleState.Expanded);
    item.id = `group ${title} ${detail}`;
    item.description = detail;
    item.iconPath = new vscode.ThemeIcon(icon);
    item.contextValue = node.group.project === null ? ITEMS.group : ITEMS.project;
    return item;
  }
  const { adapter, active } = node;
  const item = new vscode.TreeItem(adapter.name);
  item.id = `adapter ${adapter.id}`;
  item.description = describeAdapter(adapter, active);
  item.iconPath = active
    ? new vscode.ThemeIcon('pass-filled', new vscode.ThemeColor('charts.green'))
    : new vscode.ThemeIcon('layers');
  item.contextValue = active ? ITEMS.activeAdapter : ITEMS.adapter;
  item.tooltip = tooltipOf(adapter);
  item.accessibilityInformation = {
    label: `${adapter.name}${active ? ', active' : ''}, ${describeAdapter(adapter, false)}`,
  };
  item.command = { command: COMMANDS.openRun, title: 'Open', arguments: [node] };
  return item;
}

/** Text that a person wrote is added as text, never as markup. */
function tooltipOf(adapter: ShownAdapter): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  text.appendMarkdown('**').appendText(adapter.name).appendMarkdown('**\n\n');
  if (adapter.note !== '') text.appendText(adapter.note).appendMarkdown('\n\n');
  for (const [name, value] of factsOf(adapter))
    text.appendMarkdown(`- ${name}: `).appendText(value).appendMarkdown('\n');
  return text;
}
