import * as vscode from 'vscode';
import { isHubId } from '../../daemon/protocol/hubId.ts';
import type { Job } from '../../daemon/protocol/jobs.ts';
import { bytesText } from '../../daemon/protocol/text.ts';
import { revealFolder } from '../adapters/reveal.ts';
import type { App, Handlers, Panel } from '../app.ts';
import { chosen, requireTrust } from '../app.ts';
import { VIEWS } from '../contributions.ts';
import { pickBase } from '../tuning/basePick.ts';
import { baseLabel } from '../tuning/baseLabel.ts';
import { rememberBase } from '../tuning/bases.ts';
import { askToken, tokenFor } from '../tuning/hubToken.ts';
import { fineTune } from '../tuning/commands.ts';
import { showWhole } from '../tuning/problem.ts';
import { type Clicked, targetsOf } from '../lists/targets.ts';
import type { ModelNode, ModelRow } from './view.ts';

export const modelCommands = (
  app: App,
  panel: Panel,
  view: vscode.TreeView<ModelNode>,
): Handlers<
  | 'downloadModel'
  | 'fineTuneModel'
  | 'copyFingerprint'
  | 'revealModel'
  | 'removeModel'
  | 'retryDownload'
  | 'showDownload'
> => ({
  downloadModel: async () => {
    await requireTrust('Adding a model');
    const base = chosen(await pickBase(app, { title: 'Add or Download a Model', back: false, onlyNew: true }));
    let token = await tokenFor(app, base.spec);
    if (base.gated === true && token.hubToken === undefined && (await askToken(app, base.spec)))
      token = await tokenFor(app, base.spec);
    await app.daemon.call(({ jobs }) => jobs.submit, { spec: { kind: 'download', base: base.spec }, ...token });
    // It is what the next run proposes.
    await rememberBase(app, base);
    await vscode.commands.executeCommand(`${VIEWS.models}.focus`);
  },
  fineTuneModel: async (node?: ModelNode) => {
    if (node === undefined) {
      const base = chosen(await pickBase(app, { title: 'Fine-tune a Model', back: false }));
      return fineTune(app, panel, undefined, base);
    }
    const { spec } = modelOf(node);
    return fineTune(app, panel, undefined, { spec, label: baseLabel(spec), description: '' });
  },
  copyFingerprint: async (node: ModelNode) => {
    await vscode.env.clipboard.writeText(modelOf(node).fingerprint);
    vscode.window.setStatusBarMessage('Fingerprint copied', 3000);
  },
  revealModel: async (node: ModelNode) => {
    const { items } = await app.daemon.call(({ bases }) => bases.files, { bases: [modelOf(node).id] });
    const path = items[0]?.path ?? items[0]?.kept[0]?.path;
    if (path === undefined) throw new Error('This model is not on this machine any more.');
    await revealFolder(path);
  },
  removeModel: async (clicked: Clicked<ModelNode>) => {
    const [node] = (await targetsOf(view, clicked, undefined)) ?? [];
    if (node?.kind === 'download') return removeDownload(app, node.job);
    await removeModel(app, modelOf(node));
  },
  retryDownload: (node: ModelNode) => retryDownload(app, downloadOf(node)),
  showDownload: async (node: ModelNode) => {
    const job = downloadOf(node);
    const answer = await showWhole(`${job.title} failed.`, job.error?.message ?? 'The reason is in the log.', AGAIN);
    if (answer === AGAIN) await retryDownload(app, job);
  },
});

const AGAIN = 'Try Again';

function downloadOf(node: ModelNode | undefined): Job {
  if (node?.kind !== 'download') throw new Error('Choose a download in the Models view first.');
  return node.job;
}

/** Tries a download again, with a token where the hub asked for one. */
async function retryDownload(app: App, { id, spec, error }: Job): Promise<void> {
  const base = String(spec['base']);
  if (error?.remedy?.do === 'giveHubToken' && !(await askToken(app, base))) return;
  await app.daemon.call(({ jobs }) => jobs.retry, { job: id, ...(await tokenFor(app, base)) });
}

/** Takes a download that failed out of the list, with what has arrived. */
async function removeDownload({ daemon }: App, { id, spec }: Job): Promise<void> {
  await daemon.call(({ jobs }) => jobs.remove, { job: id });
  const base = String(spec['base']);
  if (isHubId(base)) await daemon.call(({ bases }) => bases.remove, { base });
}

/** Deletes what VeRA Studio keeps of a model, after a question that says what that is. */
async function removeModel({ daemon }: App, { id, spec }: ModelRow): Promise<void> {
  const { items } = await daemon.call(({ bases }) => bases.files, { bases: [id] });
  const kept = items[0]?.kept ?? [];
  const parts = kept.map(({ what, bytes, path }) => `${what} (${bytesText(bytes)}): ${path}`);
  const yes = 'Remove';
  const detail = [
    ...(parts.length === 0 ? ['VeRA Studio keeps no files of it.'] : ['This deletes:', ...parts]),
    ...(kept.some(({ path }) => path === items[0]?.path) ? [] : [`Your own file or folder stays: ${spec}`]),
    'Adapters stay. A model that they need is downloaded or converted again when it is used.',
  ].join('\n');
  chosen(await vscode.window.showWarningMessage(`Remove ${baseLabel(spec)}?`, { modal: true, detail }, yes));
  const { freedBytes, listed } = await daemon.call(({ bases }) => bases.remove, { base: id });
  const still = listed ? ' It stays in the list, because runs or adapters name it.' : '';
  vscode.window.setStatusBarMessage(`${bytesText(freedBytes)} freed.${still}`, 8000);
}

function modelOf(node: ModelNode | undefined): ModelRow {
  if (node?.kind !== 'model') throw new Error('Choose a model in the Models view first.');
  return node.model;
}
