import * as vscode from 'vscode';
import { type App, chosen, type Handlers, type Panel, requireTrust, workspaceFolder } from '../app.ts';
import { VIEWS } from '../contributions.ts';
import { oneLine } from '../text.ts';
import { showComparison } from './compare.ts';
import { describeAdapter, type ShownAdapter } from './describe.ts';
import { allAdapters } from './all.ts';
import { activateFor, deactivateFor, pickActive } from './active.ts';
import type { AdapterNode } from './view.ts';

type Names =
  | 'tryAdapter'
  | 'pickAdapter'
  | 'activateAdapter'
  | 'deactivateAdapter'
  | 'renameAdapter'
  | 'noteAdapter'
  | 'compareAdapter'
  | 'deleteAdapter'
  | 'restoreAdapter'
  | 'revealAdapter'
  | 'importAdapter';

export function adapterCommands(app: App, panel: Panel): Handlers<Names> {
  const { daemon } = app;
  return {
    pickAdapter: () => pickActive(app),
    activateAdapter: (node: AdapterNode) => activateFor(app, adapterOf(node).id),
    tryAdapter: async (node?: AdapterNode) => {
      if (node !== undefined) return panel.tryIt(adapterOf(node).id);
      const adapters = await allAdapters(app);
      if (adapters.length === 0) throw new Error('There is no adapter to try yet. Train one first.');
      return panel.tryIt((await pickOf(adapters, 'Try an adapter beside its base')).id);
    },
    deactivateAdapter: () => deactivateFor(app),
    renameAdapter: async (node: AdapterNode) => {
      const { id, name } = adapterOf(node);
      const wanted = chosen(
        await vscode.window.showInputBox({ title: `Rename ${name}`, value: name, validateInput: faultOfName }),
      );
      if (wanted.trim() !== name)
        await daemon.call(({ adapters }) => adapters.update, { adapter: id, name: wanted.trim() });
    },
    noteAdapter: async (node: AdapterNode) => {
      const { id, name, note } = adapterOf(node);
      const wanted = chosen(
        await vscode.window.showInputBox({
          title: `Note of ${name}`,
          value: note,
          prompt: 'For example, what the adapter is for and what it was trained on',
        }),
      );
      await daemon.call(({ adapters }) => adapters.update, { adapter: id, note: wanted });
    },
    compareAdapter: async (node: AdapterNode) => {
      const one = adapterOf(node);
      const others = (await allAdapters(app)).filter(({ id }) => id !== one.id);
      const other = await pickOf(others, `Compare ${one.name} with`);
      await showComparison(one, other);
    },
    deleteAdapter: (node: AdapterNode) => deleteAdapter(app, adapterOf(node)),
    restoreAdapter: async () => {
      const gone = await allAdapters(app, { deleted: true });
      if (gone.length === 0) return vscode.window.setStatusBarMessage('The trash has no adapters.', 4000);
      const { id } = await pickOf(gone, 'Restore an adapter');
      return daemon.call(({ adapters }) => adapters.restore, { adapter: id });
    },
    revealAdapter: async (node: AdapterNode) => {
      const { name, run } = adapterOf(node);
      if (run === null)
        return vscode.window.showInformationMessage(
          `${name} was not made by a run here: it has no folder. Export it to get one.`,
        );
      const { run: made } = await daemon.call(({ runs }) => runs.get, { run });
      return revealFolder(made.out);
    },
    importAdapter: async () => {
      await requireTrust('Importing an adapter');
      const [picked] = chosen(
        await vscode.window.showOpenDialog({
          title: 'Import a PEFT Adapter',
          openLabel: 'Import',
          canSelectFiles: false,
          canSelectFolders: true,
        }),
      );
      const workspace = workspaceFolder();
      await daemon.call(({ jobs }) => jobs.submit, {
        spec: { kind: 'import', dir: chosen(picked).fsPath },
        ...(workspace === undefined ? {} : { workspace }),
      });
      await vscode.commands.executeCommand(`${VIEWS.runs}.focus`);
    },
  };
}

export function adapterOf(node: AdapterNode | undefined): ShownAdapter {
  if (node?.kind !== 'adapter') throw new Error('Choose an adapter in the Adapters view first.');
  return node.adapter;
}

async function pickOf(adapters: readonly ShownAdapter[], title: string): Promise<ShownAdapter> {
  const items = adapters.map((adapter) => ({
    label: adapter.name,
    description: describeAdapter(adapter, false),
    detail: oneLine(adapter.note),
    adapter,
  }));
  return chosen(await vscode.window.showQuickPick(items, { title, matchOnDescription: true, matchOnDetail: true }))
    .adapter;
}

export async function revealFolder(path: string): Promise<void> {
  const uri = vscode.Uri.file(path);
  if (vscode.workspace.getWorkspaceFolder(uri) !== undefined)
    return vscode.commands.executeCommand('revealInExplorer', uri);
  if (vscode.env.remoteName === undefined) return vscode.commands.executeCommand('revealFileInOS', uri);
  // The folder is on another machine and not open here, so no file manager can show it.
  const [open, copy] = ['Open in New Window', 'Copy Path'];
  const answer = await vscode.window.showInformationMessage(path, open, copy);
  if (answer === open) return vscode.commands.executeCommand('vscode.openFolder', uri, { forceNewWindow: true });
  if (answer === copy) return vscode.env.clipboard.writeText(path);
}

/** What is wrong with a name, by the rules of the daemon; undefined if it is valid. */
function faultOfName(name: string): string | undefined {
  const text = name.trim();
  if (text === '') return 'The name must not be empty.';
  if (text.length > 200) return 'The name must have at most 200 characters.';
  return /[\p{Cc}\p{Cf}/\\]/u.test(text) || text === '.' || text === '..'
    ? 'The name must not contain slashes or control characters.'
    : undefined;
}

/** Moves an adapter to the trash, after naming what depends on it and asking. */
async function deleteAdapter({ daemon }: App, { id, name }: ShownAdapter): Promise<void> {
  const { dependents } = await daemon.call(({ adapters }) => adapters.dependents, { adapter: id });
  const detail = [
    ...(dependents.length === 0 ? [] : ['It is needed by:', ...dependents.map(({ what }) => `• ${oneLine(what)}`), '']),
    'You can restore it for thirty days.',
  ].join('\n');
  const yes = 'Move to Trash';
  chosen(await vscode.window.showWarningMessage(`Delete adapter '${name}'?`, { modal: true, detail }, yes));
  await daemon.call(({ adapters }) => adapters.remove, { adapter: id, confirm: dependents.length > 0 });
}
