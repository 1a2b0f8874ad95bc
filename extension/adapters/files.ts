import { existsSync, renameSync } from 'node:fs';
import { extname } from 'node:path';
import * as vscode from 'vscode';
import { type App, chosen, requireTrust, workspaceFolder } from '../app.ts';
import { VIEWS } from '../contributions.ts';
import { revealFolder } from './reveal.ts';
import type { ShownAdapter } from './describe.ts';

/** A packed adapter is a safetensors file with its record in the metadata. */
const ENDING = 'safetensors';

/** Takes in a PEFT folder, or a file of another catalog. */
export async function importAdapter(app: App): Promise<void> {
  await requireTrust('Importing an adapter');
  const { daemon } = app;
  // Two lines, because the dialog of Windows and of Linux chooses either files or folders.
  const { packed } = chosen(
    await vscode.window.showQuickPick(
      [
        { label: '$(folder-opened) PEFT folder...', description: 'with adapter_config.json', packed: false },
        {
          label: '$(file) File of VeRA Studio...',
          description: `saved with “Save as One File”, .${ENDING}`,
          packed: true,
        },
      ],
      { title: 'Import Adapter' },
    ),
  );
  const [picked] = chosen(
    await vscode.window.showOpenDialog({
      ...{ title: 'Import Adapter', openLabel: 'Import', canSelectFiles: packed, canSelectFolders: !packed },
      ...(packed ? { filters: { 'Packed adapters': [ENDING], 'All files': ['*'] } } : {}),
    }),
  );
  const { fsPath } = chosen(picked);
  const workspace = workspaceFolder();
  if (packed) {
    const project =
      workspace === undefined
        ? undefined
        : (await daemon.call(({ owners }) => owners.projectsCreate, { folder: workspace })).id;
    const { name } = await daemon.call(({ adapters }) => adapters.unpack, {
      file: fsPath,
      ...(project === undefined ? {} : { project }),
    });
    await vscode.commands.executeCommand(`${VIEWS.adapters}.focus`);
    vscode.window.setStatusBarMessage(`${name} is imported`, 4000);
    return;
  }
  await daemon.call(({ jobs }) => jobs.submit, {
    spec: { kind: 'import', dir: fsPath },
    ...(workspace === undefined ? {} : { workspace }),
  });
  await vscode.commands.executeCommand(`${VIEWS.runs}.focus`);
}

/** Writes an adapter, with what is known of it, as one file for another catalog. */
export async function packAdapter({ daemon }: App, { id, name }: ShownAdapter): Promise<void> {
  const folder = workspaceFolder();
  const beside = folder === undefined ? undefined : vscode.Uri.joinPath(vscode.Uri.file(folder), `${name}.${ENDING}`);
  const wanted = chosen(
    await vscode.window.showSaveDialog({
      title: `Save ${name} as One File`,
      filters: { 'Packed adapters': [ENDING] },
      ...(beside === undefined ? {} : { defaultUri: beside }),
    }),
  );
  const file = extname(wanted.fsPath) === '' ? `${wanted.fsPath}.${ENDING}` : wanted.fsPath;
  // The daemon never writes over a file. The person has agreed to that in the dialog.
  const free = existsSync(file) ? `${file}.new` : file;
  await daemon.call(({ adapters }) => adapters.pack, { adapter: id, file: free });
  if (free !== file) renameSync(free, file);
  const show = 'Show File';
  const answer = await vscode.window.showInformationMessage(`${name} is saved as one file.`, show);
  if (answer === show) await revealFolder(file);
}
