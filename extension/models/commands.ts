import * as vscode from 'vscode';
import type { App, Handlers, Panel } from '../app.ts';
import { requireTrust } from '../app.ts';
import { VIEWS } from '../contributions.ts';
import { pickBase } from '../tuning/bases.ts';
import { fineTune } from '../tuning/commands.ts';
import { lastPart } from '../text.ts';
import type { ModelNode, ModelRow } from './view.ts';

export const modelCommands = (
  app: App,
  panel: Panel,
): Handlers<'downloadModel' | 'fineTuneModel' | 'copyFingerprint'> => ({
  downloadModel: async () => {
    await requireTrust('Adding a model');
    const { spec } = await pickBase(app, 'Add or Download a Model');
    await app.daemon.call(({ jobs }) => jobs.submit, { spec: { kind: 'download', base: spec } });
    await vscode.commands.executeCommand(`${VIEWS.models}.focus`);
  },
  fineTuneModel: async (node?: ModelNode) => {
    if (node === undefined) return fineTune(app, panel, undefined, await pickBase(app, 'Fine-tune a Model'));
    const { spec } = modelOf(node);
    return fineTune(app, panel, undefined, { spec, label: lastPart(spec), description: '' });
  },
  copyFingerprint: async (node: ModelNode) => {
    await vscode.env.clipboard.writeText(modelOf(node).fingerprint);
    vscode.window.setStatusBarMessage('Fingerprint copied', 3000);
  },
});

function modelOf(node: ModelNode | undefined): ModelRow {
  if (node?.kind !== 'model') throw new Error('Choose a model in the Models view first.');
  return node.model;
}
