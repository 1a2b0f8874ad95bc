import { isUtf8 } from 'node:buffer';
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import * as vscode from 'vscode';
import { type App, chosen, type Handlers, type Panel, requireTrust } from '../app.ts';
import { type Datasets, datasetsOf } from '../datasets.ts';
import { setting } from '../settings.ts';
import { lastPart } from '../text.ts';
import type { Base } from './bases.ts';
import { knownBases } from './bases.ts';
import type { Draft } from './draft.ts';
import { describedSettings } from './fields.ts';
import { fineTuneWith } from './fineTune.ts';
import { isPreset } from './presets.ts';

/** Dataset files that the pick lists. Others are found by the dialog. */
const MOST_FILES = 300;

/** Fine-tunes on the dataset that was right-clicked, is open, or is chosen now. `base`: the model that was clicked, if any. */
export async function fineTune(app: App, panel: Panel, clicked: unknown, base?: Base): Promise<void> {
  await requireTrust('Fine-tuning');
  const { endings, offered } = datasetsOf(app.context);
  const data = resourceOf(clicked) ?? openDataset(endings) ?? (await pickDataset(offered));
  if (data.scheme !== 'file')
    throw new Error(`Only files on this machine can be learned from, not ${data.scheme}: ones.`);
  const preset = setting<string>('preset', 'balanced', data);
  await saveIfChanged(data);
  await fineTuneWith(app, panel, {
    data: data.fsPath,
    base: base ?? (await knownBases(app))[0]!,
    described: await describedSettings(app),
    preset: isPreset(preset) ? preset : 'balanced',
    changes: columnsSetting(data),
    activate: setting('activateWhenDone', false, data),
  });
}

/** What the folder's setting says about columns. */
function columnsSetting(data: vscode.Uri): Draft['changes'] {
  const columns = setting('datasetColumns', '', data);
  return columns.trim() === '' ? {} : { columns };
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

async function pickDataset({ endings, pattern }: Datasets['offered']): Promise<vscode.Uri> {
  type Item = vscode.QuickPickItem & { uri?: vscode.Uri; dialog?: vscode.OpenDialogOptions };
  const found = await vscode.workspace.findFiles(
    `**/*{${endings.join(',')}}`,
    '**/{node_modules,.git,dist,out}/**',
    MOST_FILES,
  );
  const wanted = new RegExp(pattern, 'i');
  const files = found.filter((uri) => wanted.test(lastPart(uri.path)));
  const items: Item[] = files
    .map((uri) => ({ label: `$(database) ${vscode.workspace.asRelativePath(uri)}`, uri }))
    .sort((a, b) => a.label.localeCompare(b.label));
  const folders: Item[] = (vscode.workspace.workspaceFolders ?? []).map(({ name, uri }) => ({
    label: `$(folder) ${name}`,
    description: 'the code in this folder',
    uri,
  }));
  const below: Item[] = (await Promise.all((vscode.workspace.workspaceFolders ?? []).map(foldersIn))).flat();
  const picked = chosen(
    await vscode.window.showQuickPick<Item>(
      // Two lines, because the dialog of Windows and of Linux chooses either files or folders.
      [
        { label: '$(file) Choose a file...', dialog: { canSelectFiles: true } },
        { label: '$(folder-opened) Choose a folder...', dialog: { canSelectFolders: true } },
        ...[...items, ...folders, ...below],
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

/** The folders directly in a workspace folder. A dataset, or a part of the code, may be in one. */
async function foldersIn({ uri }: vscode.WorkspaceFolder) {
  const entries = await vscode.workspace.fs.readDirectory(uri);
  return entries
    .filter(([name, type]) => type === vscode.FileType.Directory && !/^(\.|node_modules$|dist$|out$)/.test(name))
    .slice(0, 50)
    .map(([name]) => vscode.Uri.joinPath(uri, name))
    .map((folder) => ({ label: `$(folder) ${vscode.workspace.asRelativePath(folder)}`, uri: folder }))
    .sort((a, b) => a.label.localeCompare(b.label));
}

/** Saves the document first, because the daemon reads the file on the disk. */
async function saveIfChanged(uri: vscode.Uri): Promise<void> {
  const directory = statSync(uri.fsPath, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const inside = directory ? `${uri.fsPath}/` : uri.fsPath;
  for (const document of vscode.workspace.textDocuments) {
    if (!document.isDirty || document.uri.scheme !== 'file' || !document.uri.fsPath.startsWith(inside)) continue;
    // Where the editor could not read the bytes of the file, saving would write U+FFFD over them.
    if (document.getText().includes('\uFFFD') && !isUtf8(await readFile(document.uri.fsPath)))
      throw new Error(
        `${lastPart(document.uri.fsPath)} is not UTF-8, and saving it would lose characters: reopen it with its encoding, then save it as UTF-8.`,
      );
    await document.save();
  }
}
