import * as vscode from 'vscode';
import type { App, Handlers, Panel } from '../app.ts';
import { chosen, requireTrust } from '../app.ts';
import { VIEWS } from '../contributions.ts';
import { pickBase } from '../tuning/basePick.ts';
import { baseLabel } from '../tuning/baseLabel.ts';
import { rememberBase } from '../tuning/bases.ts';
import { askToken, tokenFor } from '../tuning/hubToken.ts';
import { fineTune } from '../tuning/commands.ts';
import type { ModelNode, ModelRow } from './view.ts';

export const modelCommands = (
  app: App,
  panel: Panel,
): Handlers<'downloadModel' | 'fineTuneModel' | 'copyFingerprint'> => ({
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
});

function modelOf(node: ModelNode | undefined): ModelRow {
  if (node?.kind !== 'model') throw new Error('Choose a model in the Models view first.');
  return node.model;
}
