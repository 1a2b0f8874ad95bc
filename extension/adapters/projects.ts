import * as vscode from 'vscode';
import { type App, chosen } from '../app.ts';
import type { ProjectRow } from '../../daemon/protocol/owners.ts';
import { listAll } from '../listing.ts';
import { faultOfName } from '../name.ts';
import { plural } from '../text.ts';
import type { ShownAdapter } from './describe.ts';

export const allProjects = ({ daemon }: App): Promise<ProjectRow[]> =>
  listAll((after) => daemon.call(({ owners }) => owners.projectsList, { limit: 500, ...after }));

const askName = async (title: string, value = ''): Promise<string> =>
  chosen(await vscode.window.showInputBox({ title, value, validateInput: faultOfName })).trim();

/** Makes a project without a folder. Returns its name. */
export async function newProject({ daemon }: App): Promise<string> {
  const name = await askName('New Project');
  return (await daemon.call(({ owners }) => owners.projectsCreate, { name })).name;
}

export async function renameProject(app: App, project: string | undefined): Promise<void> {
  const { daemon } = app;
  const now = project ?? (await pickProject(app, 'Rename Project'));
  if (now === null) return;
  const name = await askName(`Rename ${now}`, now);
  if (name !== now) await daemon.call(({ owners }) => owners.projectsUpdate, { project: now, name });
}

/** Deletes a project. What it has stays, and belongs to no project. */
export async function deleteProject(app: App, project: string): Promise<void> {
  const detail = 'Its adapters and runs stay, and belong to no project. You can restore it for thirty days.';
  const yes = 'Move to Trash';
  chosen(await vscode.window.showWarningMessage(`Delete project '${project}'?`, { modal: true, detail }, yes));
  await app.daemon.call(({ owners }) => owners.projectsDelete, { project, confirm: true });
}

/** Lets a person choose a project. null: none. */
async function pickProject(app: App, title: string, { offerNone = false } = {}): Promise<string | null> {
  type Item = vscode.QuickPickItem & { choose: () => Promise<string | null> };
  const projects = await allProjects(app);
  const items: Item[] = projects.map(({ name, folder, adapters }) => ({
    label: `$(folder) ${name}`,
    description: [plural(adapters, 'adapter'), folder ?? ''].filter((text) => text !== '').join(' · '),
    choose: () => Promise.resolve(name),
  }));
  if (offerNone)
    items.push(
      { label: '$(person) No project', choose: () => Promise.resolve(null) },
      { label: '$(new-folder) New project...', choose: () => newProject(app) },
    );
  if (items.length === 0) throw new Error('There is no project yet.');
  return chosen(await vscode.window.showQuickPick(items, { title, matchOnDescription: true })).choose();
}

/** Moves adapters to a project that the person chooses. */
export async function moveAdapters(app: App, adapters: readonly ShownAdapter[]): Promise<void> {
  const what = adapters.length === 1 ? adapters[0]!.name : plural(adapters.length, 'adapter');
  await moveInto(app, adapters, await pickProject(app, `Move ${what} to Another Project`, { offerNone: true }));
}

export async function moveInto(
  { daemon }: App,
  adapters: readonly Pick<ShownAdapter, 'id'>[],
  project: string | null,
): Promise<void> {
  for (const { id } of adapters)
    await daemon.call(({ adapters: methods }) => methods.update, { adapter: id, moveTo: project });
}
