import * as vscode from 'vscode';
import type { AdapterRow } from '../../daemon/protocol/adapters.ts';
import { type App, chosen, workspaceFolder } from '../app.ts';
import { COMMANDS } from '../contributions.ts';
import { lastPart, oneLine } from '../text.ts';
import { allAdapters } from './all.ts';
import { describeAdapter, type ShownAdapter } from './describe.ts';
import { byPlace } from './place.ts';
import { tellLimits } from './limits.ts';

/** Name or number of the workspace's project; undefined if no folder is open. Creates the project if there is none yet. */
async function projectHere({ daemon }: App): Promise<{ project?: number }> {
  const folder = workspaceFolder();
  if (folder === undefined) return {};
  const { id } = await daemon.call(({ owners }) => owners.projectsCreate, { folder });
  return { project: id };
}

/** Whose choice: of this workspace (or of the user if no folder is open), or of the user for all work. */
export type Scope = 'here' | 'user';

/** Makes an adapter the active one. */
export async function activateFor(app: App, adapter: number, scope: Scope = 'here'): Promise<void> {
  const { project } = scope === 'here' ? await projectHere(app) : {};
  // `adapter` is a number, so `project` only says for which project the adapter becomes active.
  await app.daemon.call(({ adapters }) => adapters.activate, {
    adapter,
    ...(project === undefined ? {} : { project }),
  });
  void tellLimits(app, adapter);
}

/** Undoes the choice that applies here: the one for this workspace, or the one for the user. */
export async function deactivateFor(app: App, scope: Scope = 'here'): Promise<void> {
  const folder = workspaceFolder();
  const { by } = await app.daemon.call(
    ({ adapters }) => adapters.active,
    folder === undefined || scope === 'user' ? {} : { workspace: folder },
  );
  const { project } = by === 'project' ? await projectHere(app) : {};
  if (by !== null)
    await app.daemon.call(({ adapters }) => adapters.deactivate, project === undefined ? {} : { project });
}

export async function activeHere({ daemon }: App, scope: Scope = 'here'): Promise<AdapterRow | null> {
  const workspace = scope === 'here' ? workspaceFolder() : undefined;
  return (await daemon.call(({ adapters }) => adapters.active, workspace === undefined ? {} : { workspace })).adapter;
}

/** Lets a person choose the active adapter. A click on the status bar opens it. The next request is answered by the new one. */
export async function pickActive(app: App, scope: Scope = 'here'): Promise<void> {
  type Item = vscode.QuickPickItem & { run?: () => Promise<unknown> };
  const [active, adapters] = await Promise.all([activeHere(app, scope), allAdapters(app)]);
  const itemOf = (adapter: ShownAdapter): Item => {
    const on = adapter.id === active?.id;
    const about = [describeAdapter(adapter, on), lastPart(adapter.base.name), adapter.project ?? ''];
    return {
      label: `$(${on ? 'pass-filled' : 'layers'}) ${oneLine(adapter.name)}`,
      description: about.filter((text) => text !== '').join(' · '),
      ...(adapter.note === '' ? {} : { detail: oneLine(adapter.note) }),
      run: () => activateFor(app, adapter.id, scope),
    };
  };
  const open = (label: string, command: string): Item => ({
    label,
    run: async () => vscode.commands.executeCommand(command),
  });
  const heading = (label: string): Item => ({ label, kind: vscode.QuickPickItemKind.Separator });
  const [own, others] = byPlace(adapters.filter(({ id }) => id !== active?.id));
  // Two hundred adapters stand below what is asked for most.
  const items: Item[] = [
    ...adapters.filter(({ id }) => id === active?.id).map(itemOf),
    ...(active === null
      ? []
      : [{ label: '$(circle-slash) No active adapter: the base model alone', run: () => deactivateFor(app, scope) }]),
    ...(workspaceFolder() === undefined || scope === 'user'
      ? []
      : [{ label: '$(account) Choose for all your work...', run: () => pickActive(app, 'user') }]),
    ...(adapters.length === 0 ? [] : [open('$(beaker) Try an adapter beside its base...', COMMANDS.tryAdapter)]),
    open('$(graph-line) Open training panel', COMMANDS.openPanel),
    open('$(mortar-board) Fine-tune with VeRA...', COMMANDS.fineTune),
    ...(own.length === 0 ? [] : [heading('This project')]),
    ...own.map(itemOf),
    ...(others.length === 0 ? [] : [heading('Other projects')]),
    ...others.map(itemOf),
  ];
  const ofAll = workspaceFolder() === undefined || scope === 'user';
  const title = ofAll ? 'Active adapter of all your work' : 'Active adapter of this workspace';
  await chosen(
    await vscode.window.showQuickPick(items, {
      title,
      placeHolder: ofAll
        ? 'Answers in chat and writes inline completions, except in workspaces with a choice of their own'
        : 'Answers in chat and writes inline completions in this workspace',
      matchOnDescription: true,
    }),
  ).run?.();
}
