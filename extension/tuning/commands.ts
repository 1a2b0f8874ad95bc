import { statSync } from 'node:fs';
import * as vscode from 'vscode';
import { type App, chosen, type Handlers, type Panel, requireTrust } from '../app.ts';
import { datasetsOf } from '../datasets.ts';
import { setting } from '../settings.ts';
import type { Base } from './bases.ts';
import { knownBases } from './bases.ts';
import { describedSettings } from './fields.ts';
import { fineTuneWith } from './fineTune.ts';
import { isPreset } from './presets.ts';

/** Fine-tunes on the dataset that was right-clicked, is open, or is chosen now. `base`: the model that was clicked, if any. */
export async function fineTune(app: App, panel: Panel, clicked: unknown, base?: Base): Promise<void> {
  await requireTrust('Fine-tuning');
  const { endings } = datasetsOf(app.context);
  const data = resourceOf(clicked) ?? openDataset(endings) ?? (await pickDataset(endings));
  if (data.scheme !== 'file')
    throw new Error(`Only files on this machine can be learned from, not ${data.scheme}: ones.`);
  const preset = setting<string>('preset', 'balanced', data);
  await saveIfChanged(data);
  await fineTuneWith(app, panel, {
    data: data.fsPath,
    base: base ?? (await knownBases(app))[0]!,
    described: await describedSettings(app),
    preset: isPreset(preset) ? preset : 'balanced',
    changes: {},
    activate: setting('activateWhenDone', false, data),
  });
}

export const tuningCommands = (app: App, panel: Panel): Handlers<'fineTune'> => ({
  fineTune: (clicked: unknown) => fineTune(app, panel, clicked),
});

/** The Explorer and the editor title pass a Uri; a lens passes its text. */
function resourceOf(clicked: unknown): vscode.Uri | undefined {
  if (clicked instanceof vscode.Uri) return clicked;
  return typeof clicked === 'string' && clicked !== '' ? vscode.Uri.parse(clicked, true) : undefined;
}

/** The dataset in the editor that has the focus. */
function openDataset(endings: readonly string[]): vscode.Uri | undefined {
  const uri = vscode.window.activeTextEditor?.document.uri;
  const isDataset = uri?.scheme === 'file' && endings.some((ending) => uri.path.toLowerCase().endsWith(ending));
  return isDataset ? uri : undefined;
}

async function pickDataset(endings: readonly string[]): Promise<vscode.Uri> {
  type Item = vscode.QuickPickItem & { uri?: vscode.Uri; dialog?: vscode.OpenDialogOptions };
  const found = await vscode.workspace.findFiles(
    `**/*{${endings.join(',')}}`,
    '**/{node_modules,.git,dist,out}/**',
    200,
  );
  const items: Item[] = found
    .map((uri) => ({ label: `$(database) ${vscode.workspace.asRelativePath(uri)}`, uri }))
    .sort((a, b) => a.label.localeCompare(b.label));
  const folders: Item[] = (vscode.workspace.workspaceFolders ?? []).map(({ name, uri }) => ({
    label: `$(folder) ${name}`,
    description: 'the code in this folder',
    uri,
  }));
  const picked = chosen(
    await vscode.window.showQuickPick<Item>(
      // Two lines, because the dialog of Windows and of Linux chooses either files or folders.
      [
        ...[...items, ...folders],
        { label: '$(file) Choose a file...', dialog: { canSelectFiles: true } },
        { label: '$(folder-opened) Choose a folder of code...', dialog: { canSelectFolders: true } },
      ],
      {
        title: 'Fine-tune with VeRA',
        placeHolder: 'What should the model learn from?',
      },
    ),
  );
  if (picked.uri !== undefined) return picked.uri;
  const chosenOnes = await vscode.window.showOpenDialog({
    ...{ title: 'Dataset', openLabel: 'Learn from This', canSelectFiles: false },
    ...picked.dialog,
  });
  return chosen(chosenOnes?.[0]);
}

/** Saves the document first, because the daemon reads the file on the disk. */
async function saveIfChanged(uri: vscode.Uri): Promise<void> {
  const directory = statSync(uri.fsPath, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const inside = directory ? `${uri.fsPath}/` : uri.fsPath;
  for (const document of vscode.workspace.textDocuments) {
    if (document.isDirty && document.uri.scheme === 'file' && document.uri.fsPath.startsWith(inside))
      await document.save();
  }
}
