import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { AdapterRow, ExportOffer, ExportResult } from '../../daemon/protocol/adapters.ts';
import { defaultOf, type SettingValue } from '../../daemon/settings/setting.ts';
import { revealFolder } from '../adapters/reveal.ts';
import { type App, chosen, workspaceFolder } from '../app.ts';
import { veraCommand } from '../daemon/program.ts';
import { Quiet } from '../quiet.ts';
import { waitForJob } from '../runs/wait.ts';
import { askValue } from '../tuning/advanced.ts';
import { folderName, lineOf, sizeText, specOf } from './formats.ts';

type Options = Readonly<Record<string, SettingValue>>;

/** Asks for a format, its options and a folder, shows what it costs and loses, writes it, and says how to use it. */
export async function exportWith(app: App, adapter: AdapterRow, wanted?: string): Promise<void> {
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
  await offer(out, adapters.exportResult.parse(done.result));
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

/** A folder that is not there yet; proposed beside the workspace's other files. */
async function pickFolder(adapter: AdapterRow, format: ExportOffer): Promise<string> {
  const parent = workspaceFolder() ?? homedir();
  const name = folderName(adapter.name, format);
  const free = (folder: string): string => {
    for (let i = 1; ; i++) {
      const path = join(folder, i === 1 ? name : `${name}-${i}`);
      if (!existsSync(path)) return path;
    }
  };
  const proposed = free(parent);
  const items = [
    {
      label: `$(new-folder) ${vscode.workspace.asRelativePath(proposed)}`,
      description: 'a new folder',
      path: proposed as string | undefined,
    },
    { label: '$(folder-opened) Another place...', path: undefined },
  ];
  const placeHolder = [sizeText(format), format.losses].filter((text) => text !== '').join('. ');
  const picked = chosen(await vscode.window.showQuickPick(items, { title: `${format.label}: where to?`, placeHolder }));
  if (picked.path !== undefined) return picked.path;
  const folders = await vscode.window.showOpenDialog({
    title: 'Folder to put it in',
    openLabel: 'Put It Here',
    canSelectFiles: false,
    canSelectFolders: true,
  });
  return free(chosen(folders?.[0]).fsPath);
}

/** At the end: says where it is and what the check found, and offers to use it. */
async function offer(out: string, { check, warning, uses }: ExportResult): Promise<void> {
  const [open, use] = ['Open Folder', 'Use It...'];
  const answer = await vscode.window.showInformationMessage(
    `Written to ${vscode.workspace.asRelativePath(out)}.${check === undefined ? '' : ` Checked: ${check}`}${warning === undefined ? '' : ` ${warning}`}`,
    open,
    use,
  );
  if (answer === open) await revealFolder(out);
  if (answer !== use) return;
  const items = uses.map((one) => ({ label: one.label, line: lineOf(one, veraCommand()) }));
  const picked = chosen(
    await vscode.window.showQuickPick(
      items.map((item) => ({ ...item, detail: item.line })),
      { title: 'Use It', placeHolder: 'The command line goes into a terminal; press Enter there to run it' },
    ),
  );
  const cwd = workspaceFolder();
  const terminal = vscode.window.createTerminal({ name: 'VeRA', ...(cwd === undefined ? {} : { cwd }) });
  terminal.show();
  terminal.sendText(picked.line, false);
}
