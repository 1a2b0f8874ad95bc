import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { AdapterRow, ExportOffer, ExportResult } from '../../daemon/protocol/adapters.ts';
import type { HeldOutRow } from '../../daemon/protocol/trial.ts';
import { defaultOf, type SettingValue } from '../../daemon/settings/setting.ts';
import { revealFolder } from '../adapters/reveal.ts';
import { type App, chosen, type Panel, workspaceFolder } from '../app.ts';
import { veraCommand } from '../daemon/program.ts';
import { Quiet } from '../quiet.ts';
import { waitForJob } from '../runs/wait.ts';
import { askValue } from '../tuning/advanced.ts';
import { asking, folderName, lineOf, sizeText, specOf, wrapped } from './formats.ts';

type Options = Readonly<Record<string, SettingValue>>;

/** Asks for a format, its options and a folder, shows what it costs and loses, writes it, and says how to use it. */
export async function exportWith(app: App, panel: Panel, adapter: AdapterRow, wanted?: string): Promise<void> {
  const { daemon } = app;
  const offers = async (options: Options = {}): Promise<ExportOffer[]> =>
    (await daemon.call(({ adapters }) => adapters.exportFormats, { adapter: adapter.id, options })).formats;
  const all = await offers();
  const { name } = all.find((one) => one.name === wanted) ?? (await pickFormat(adapter, all));
  const options = await pickOptions(all.find((one) => one.name === name)!);
  const format = (await offers(options)).find((one) => one.name === name)!;
  const out = await pickFolder(adapter, format);
  const workspace = workspaceFolder();
  const job = await daemon.call(({ jobs }) => jobs.submit, {
    spec: specOf(format, adapter.id, out, options),
    ...(workspace === undefined ? {} : { workspace }),
  });
  const done = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: `${format.job === 'merge' ? 'Merging' : 'Exporting'} ${adapter.name}`,
      cancellable: true,
    },
    (progress, token) => waitForJob(daemon, job, progress, token),
  );
  if (done === undefined) return;
  const { adapters } = await daemon.protocol();
  await offer(app, panel, adapter, out, adapters.exportResult.parse(done.result));
}

async function pickFormat(adapter: AdapterRow, formats: readonly ExportOffer[]): Promise<ExportOffer> {
  const items = formats.map((format) => ({
    label: format.label,
    description: sizeText(format),
    detail: format.losses,
    format,
  }));
  return chosen(
    await vscode.window.showQuickPick(items, { title: `Export ${adapter.name}`, placeHolder: 'Choose a format' }),
  ).format;
}

/** Asks for the options of a format: those that are on or off together, then the others one by one. */
async function pickOptions({ label, options }: ExportOffer): Promise<Options> {
  const flags = options.flatMap((option) =>
    option.kind === 'flag'
      ? [{ label: option.label, detail: option.help, picked: option.default, name: option.name }]
      : [],
  );
  const title = `${label}: options`;
  const on = flags.length === 0 ? [] : chosen(await vscode.window.showQuickPick(flags, { title, canPickMany: true }));
  const values: Record<string, SettingValue> = Object.fromEntries(
    flags.map(({ name }) => [name, on.some((one) => one.name === name)]),
  );
  for (const option of options) {
    if (option.kind === 'flag') continue;
    const { given, value } = await askValue(option, defaultOf(option));
    if (!given) throw new Quiet();
    if (value !== undefined) values[option.name] = value;
  }
  return values;
}

/** From so many bytes, a folder in a git repository is a burden: somebody commits it. */
const LARGE_BYTES = 20e6;

const isInGit = (folder: string): boolean =>
  existsSync(join(folder, '.git')) || (dirname(folder) !== folder && isInGit(dirname(folder)));

/** A folder that is not there yet: beside the workspace's other files, or outside of it if that is a git repository and the model is large. */
async function pickFolder(adapter: AdapterRow, format: ExportOffer): Promise<string> {
  const workspace = workspaceFolder();
  const name = folderName(adapter.name, format);
  const free = (folder: string): string => {
    for (let i = 1; ; i++) {
      const path = join(folder, i === 1 ? name : `${name}-${i}`);
      if (!existsSync(path)) return path;
    }
  };
  type Item = vscode.QuickPickItem & { path?: string; dialog?: true };
  const line = (folder: string, description: string): Item => {
    const path = free(folder);
    return { label: `$(new-folder) ${vscode.workspace.asRelativePath(path)}`, description, path };
  };
  const inGit = workspace !== undefined && (format.bytes ?? 0) > LARGE_BYTES && isInGit(workspace);
  const places = [
    ...(workspace === undefined || inGit ? [line(join(homedir(), 'vera-models'), 'a new folder')] : []),
    ...(workspace === undefined
      ? []
      : [line(workspace, inGit ? 'in this git repository: do not commit it' : 'a new folder')]),
  ];
  const facts = [sizeText(format), format.losses].filter((text) => text !== '').join('. ');
  const items: Item[] = [
    ...places,
    { label: '$(folder-opened) Another place...', dialog: true },
    { label: 'What is written', kind: vscode.QuickPickItemKind.Separator },
    ...wrapped(facts[0]!.toUpperCase() + facts.slice(1)).map((label) => ({ label, alwaysShow: true })),
  ];
  for (;;) {
    const picked = chosen(
      await vscode.window.showQuickPick(items, { title: `${format.label}: where to?`, placeHolder: 'Choose a folder' }),
    );
    if (picked.path !== undefined) return picked.path;
    if (picked.dialog !== true) continue; // a line of the facts
    const folders = await vscode.window.showOpenDialog({
      title: 'Folder to put it in',
      openLabel: 'Put It Here',
      canSelectFiles: false,
      canSelectFolders: true,
    });
    return free(chosen(folders?.[0]).fsPath);
  }
}

/** At the end: says where it is and what the check found, and offers to use it. */
async function offer(
  app: App,
  panel: Panel,
  adapter: AdapterRow,
  out: string,
  { check, warning, uses }: ExportResult,
): Promise<void> {
  const [open, use] = ['Open Folder', 'Use It...'];
  const answer = await vscode.window.showInformationMessage(
    `Written to ${vscode.workspace.asRelativePath(out)}.${check === undefined ? '' : ` Checked: ${check}`}${warning === undefined ? '' : ` ${warning}`}`,
    open,
    use,
  );
  if (answer === open) await revealFolder(out);
  if (answer !== use) return;
  const row = await heldOutRow(app, adapter);
  const items: (vscode.QuickPickItem & { line?: string })[] = [
    {
      label: 'Try it here',
      detail: 'Questions of the held-out data, answered by the base and the adapter side by side',
    },
    ...uses.map((one) => {
      const line = lineOf({ ...one, args: asking(one.args, row) }, veraCommand());
      return { label: one.label, detail: line, line };
    }),
  ];
  const picked = chosen(
    await vscode.window.showQuickPick(items, {
      title: 'Use It',
      placeHolder: 'A command line goes into a terminal; press Enter there to run it',
    }),
  );
  if (picked.line === undefined) return panel.tryIt(adapter.id);
  const cwd = workspaceFolder();
  const terminal = vscode.window.createTerminal({ name: 'VeRA', ...(cwd === undefined ? {} : { cwd }) });
  terminal.show();
  terminal.sendText(picked.line, false);
  // The panel would keep the focus, and Enter would press one of its buttons.
  await vscode.commands.executeCommand('workbench.action.terminal.focus');
}

/** A question that the adapter did not train on; undefined if its run or the data is gone. */
async function heldOutRow({ daemon, log }: App, { run }: AdapterRow): Promise<HeldOutRow | undefined> {
  if (run === null) return undefined;
  try {
    return (await daemon.call(({ runs }) => runs.heldOut, { run, limit: 1 })).rows[0];
  } catch (error) {
    log.info(`no held-out row to ask: ${String(error)}`);
    return undefined;
  }
}
