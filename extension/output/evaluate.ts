import { statSync } from 'node:fs';
import * as vscode from 'vscode';
import type { AdapterRow } from '../../daemon/protocol/adapters.ts';
import type { CompletionReport } from '../../daemon/protocol/completionReport.ts';
import { completionVerdicts } from '../../daemon/protocol/completionText.ts';
import { allAdapters } from '../adapters/all.ts';
import { describeAdapter, type ShownAdapter } from '../adapters/describe.ts';
import { type App, chosen, type Panel, workspaceFolder } from '../app.ts';
import { waitForJob } from '../runs/wait.ts';
import { oneLine } from '../text.ts';

/**
 * Measures inline completions of an adapter on code that it was not trained on: asks for the code and for adapters to compare with,
 * waits for the job, and says the result.
 */
export async function evaluateCompletions(app: App, panel: Panel, adapter: AdapterRow): Promise<void> {
  const { daemon } = app;
  const data = await pickCode(app, adapter);
  const others = await pickOthers(app, adapter);
  const workspace = workspaceFolder();
  const job = await daemon.call(({ jobs }) => jobs.submit, {
    spec: { kind: 'completion', data, adapters: [adapter.id, ...others.map(({ id }) => id)] },
    ...(workspace === undefined ? {} : { workspace }),
  });
  const done = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: `Evaluating completions of ${oneLine(adapter.name)}`,
      cancellable: true,
    },
    (progress, token) => waitForJob(daemon, job, progress, token),
  );
  if (done === undefined) return;
  const open = 'Open';
  const [sentence = 'The evaluation is done.'] = completionVerdicts(done.result as unknown as CompletionReport);
  const answer = await vscode.window.showInformationMessage(oneLine(sentence), open);
  if (answer === open) await panel.show(await runKeyOf(app, adapter));
}

async function runKeyOf({ daemon }: App, { run }: AdapterRow): Promise<string | undefined> {
  if (run === null) return undefined;
  const made = await daemon.call(({ runs }) => runs.get, { run });
  return made.run.job === null ? undefined : `job/${made.run.job}`;
}

/** The folder of code: that of the run, the workspace's, or another one. */
async function pickCode({ daemon }: App, { name, run }: AdapterRow): Promise<string> {
  const trained = run === null ? undefined : (await daemon.call(({ runs }) => runs.get, { run })).run.dataset?.path;
  const folders = [
    ...(trained !== undefined && isThere(trained)
      ? [{ path: trained, description: 'its own data: only what was held out is used' }]
      : []),
    ...(vscode.workspace.workspaceFolders ?? []).map(({ uri }) => ({ path: uri.fsPath, description: 'workspace' })),
  ].filter(({ path }, i, all) => all.findIndex((one) => one.path === path) === i);
  const items = [
    ...folders.map(({ path, description }) => ({
      label: oneLine(path),
      description,
      path: path,
    })),
    { label: '$(folder-opened) Another folder...', description: '', path: undefined },
  ];
  const picked = chosen(
    await vscode.window.showQuickPick(items, {
      title: `Evaluate completions of ${oneLine(name)}`,
      placeHolder: 'Choose the code. What the adapter was trained on is left out',
    }),
  );
  if (picked.path !== undefined) return picked.path;
  const [folder] = chosen(
    await vscode.window.showOpenDialog({ canSelectFiles: false, canSelectFolders: true, openLabel: 'Evaluate' }),
  );
  return chosen(folder).fsPath;
}

/** Adapters of the same base to measure beside it; none is fine. */
async function pickOthers(app: App, { id, name, base }: AdapterRow): Promise<readonly ShownAdapter[]> {
  const others = (await allAdapters(app)).filter((one) => one.id !== id && one.base.fingerprint === base.fingerprint);
  if (others.length === 0) return [];
  const items = others.map((adapter) => ({
    label: oneLine(adapter.name),
    description: describeAdapter(adapter, false),
    adapter,
  }));
  const picked = chosen(
    await vscode.window.showQuickPick(items, {
      title: `Compare ${oneLine(name)} with the base, and with...`,
      placeHolder: 'Choose more adapters of this base, or none, and press Enter',
      canPickMany: true,
    }),
  );
  return picked.map(({ adapter }) => adapter);
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
