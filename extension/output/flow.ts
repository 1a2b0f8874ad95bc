import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { AdapterRow } from '../../daemon/protocol/adapters.ts';
import type { JobSpec } from '../../daemon/protocol/jobs.ts';
import { revealFolder } from '../adapters/commands.ts';
import { type App, chosen, workspaceFolder } from '../app.ts';
import { veraCommand } from '../daemon/program.ts';
import { waitForJob } from '../runs/wait.ts';
import { checkText, type Format, type FormatId, formatsOf, sizeText, usesOf } from './formats.ts';

/** Asks for form and folder, shows what it costs and loses, writes it, and says how to use it. */
export async function exportWith(app: App, adapter: AdapterRow, wanted?: FormatId): Promise<void> {
  const { daemon } = app;
  const { items } = await daemon.call(({ records }) => records.basesList, { limit: 500 });
  const base = items.find(({ id }) => id === adapter.base.id);
  const files = await daemon.call(({ adapters }) => adapters.sizes, { adapter: adapter.id });
  const formats = formatsOf(adapter, files, base?.parameters ?? null);
  const format = formats.find(({ id }) => id === wanted) ?? (await pickFormat(adapter, formats));
  const out = await pickFolder(adapter, format);
  const workspace = workspaceFolder();
  const job = await daemon.call(({ jobs }) => jobs.submit, {
    spec: specOf(format.id, adapter.id, out),
    ...(workspace === undefined ? {} : { workspace }),
  });
  const done = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: format.id === 'merge' ? `Merging ${adapter.name}` : `Exporting ${adapter.name}`,
      cancellable: true,
    },
    (progress, token) => waitForJob(daemon, job, progress, token),
  );
  if (done === undefined) return;
  await offer(format, out, base?.spec ?? adapter.base.name, checkText(done.result?.['maxLogitDifference']));
}

function specOf(format: FormatId, adapter: number, out: string): JobSpec {
  if (format === 'merge') return { kind: 'merge', adapter, out };
  if (format === 'safetensors') return { kind: 'export', adapter, format, out };
  return { kind: 'export', adapter, format: 'peft', projection: format === 'peftWhole', out };
}

async function pickFormat(adapter: AdapterRow, formats: readonly Format[]): Promise<Format> {
  const items = formats.map((format) => ({
    label: format.label,
    description: sizeText(format),
    detail: format.loses,
    format,
  }));
  return chosen(
    await vscode.window.showQuickPick(items, { title: `Export ${adapter.name}`, placeHolder: 'What it becomes' }),
  ).format;
}

/** A folder that is not there yet; proposed beside the workspace's other files. */
async function pickFolder(adapter: AdapterRow, format: Format): Promise<string> {
  const parent = workspaceFolder() ?? homedir();
  const name = `${adapter.name.replace(/[^\p{L}\p{N}._-]+/gu, '-')}-${format.id === 'merge' ? 'merged' : 'export'}`;
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
  const placeHolder = [sizeText(format), format.loses].filter((text) => text !== '').join('. ');
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

/** At the end: where it is, what the check found, and how to use it. */
async function offer(format: Format, out: string, base: string, check: string): Promise<void> {
  const [open, use] = ['Open Folder', 'Use It...'];
  const answer = await vscode.window.showInformationMessage(
    `Written to ${vscode.workspace.asRelativePath(out)}.${check}`,
    open,
    use,
  );
  if (answer === open) await revealFolder(out);
  if (answer !== use) return;
  const items = usesOf(format.id, out, base, veraCommand()).map(({ label, line }) => ({ label, detail: line, line }));
  const picked = chosen(
    await vscode.window.showQuickPick(items, {
      title: 'Use It',
      placeHolder: 'Puts the command line into a terminal; Enter there runs it',
    }),
  );
  const cwd = workspaceFolder();
  const terminal = vscode.window.createTerminal({ name: 'VeRA', ...(cwd === undefined ? {} : { cwd }) });
  terminal.show();
  terminal.sendText(picked.line, false);
}
