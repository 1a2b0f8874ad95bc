import { cpSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { isHubId } from '../../daemon/protocol/hubId.ts';
import { type App, chosen } from '../app.ts';
import { setting } from '../settings.ts';
import { lastPart, parametersText } from '../text.ts';
import type { TrainSettings } from './training.ts';

/** A model of 1.7 million parameters that knows a little TypeScript: enough to see everything work in a minute. */
const DEMO_NAME = 'Demo model';
/**
 * Settings for a model this small: adapt all its layers, with learning rates far above those of a large model (as `vera
 * demo` does).
 */
const DEMO_SUITS = { rank: 64, targets: 'all-linear', lrB: 0.1, lrD: 0.05 } as const;
/** Folder of the bundled model. It is copied out of the extension, whose folder disappears with the next update. */
function demoModel({ context }: App): string {
  const folder = join(context.globalStorageUri.fsPath, 'models', 'vera-demo');
  if (existsSync(join(folder, 'config.json'))) return folder;
  const temporary = `${folder}.new`;
  rmSync(temporary, { recursive: true, force: true });
  cpSync(join(context.extensionPath, 'dist', 'demo'), temporary, { recursive: true });
  renameSync(temporary, folder);
  return folder;
}

export interface Base {
  readonly spec: string;
  readonly label: string;
  readonly description: string;
  /** Settings that suit this base better than those of a preset. */
  readonly suits?: Partial<TrainSettings>;
}

const LAST_BASE = 'lastBase';
export const rememberBase = ({ context }: App, { spec }: Base): Thenable<void> =>
  context.globalState.update(LAST_BASE, spec);

/**
 * The base that a dataset is probably for, without asking a daemon: from the settings, the last used one, or the demo model.
 */
export function likelyBase(app: App): string {
  const wished = setting('baseModel', '').trim();
  return wished === '' ? app.context.globalState.get(LAST_BASE, demoModel(app)) : wished;
}

/** The known base models. The one to propose comes first. */
export async function knownBases(app: App): Promise<Base[]> {
  const demo = demoModel(app);
  const { items } = await app.daemon.call(({ records }) => records.basesList, { limit: 100 });
  const wished = setting('baseModel', '').trim();
  const used = items.map(({ spec, parameters, architecture }) => ({
    spec,
    ...(spec === demo ? { label: DEMO_NAME, suits: DEMO_SUITS } : { label: lastPart(spec) }),
    description: [architecture, parameters === null ? null : parametersText(parameters)]
      .filter((part) => part !== null)
      .join(', '),
  }));
  const bases = [
    ...(wished === ''
      ? []
      : [
          used.find(({ spec }) => spec === wished) ?? {
            spec: wished,
            label: lastPart(wished),
            description: 'from the settings',
          },
        ]),
    ...used,
    { spec: demo, label: DEMO_NAME, description: 'comes with VeRA Studio, for trying things out', suits: DEMO_SUITS },
  ];
  return bases.filter(({ spec }, i) => bases.findIndex((one) => one.spec === spec) === i);
}

/** Lets a person choose a base, which may be a new one. */
export async function pickBase(app: App, title: string): Promise<Base> {
  type Item = vscode.QuickPickItem & { choose: () => Promise<Base> };
  const bases = await knownBases(app);
  const items: Item[] = bases.map((base) => ({
    label: `$(symbol-misc) ${base.label}`,
    description: base.description,
    detail: base.spec,
    choose: () => Promise.resolve(base),
  }));
  const picked = await vscode.window.showQuickPick<Item>(
    [
      ...items,
      { label: '', kind: vscode.QuickPickItemKind.Separator, choose: newBase },
      // Two lines, because the dialog of Windows and of Linux chooses either files or folders.
      { label: '$(folder-opened) Model folder...', choose: () => openBase({ canSelectFolders: true }) },
      {
        label: '$(file) GGUF file...',
        choose: () => openBase({ canSelectFiles: true, filters: { GGUF: ['gguf'], 'All files': ['*'] } }),
      },
      { label: '$(cloud-download) Hub id...', description: 'downloaded once, when the run starts', choose: newBase },
    ],
    { title, placeHolder: 'Base model', matchOnDetail: true },
  );
  return chosen(picked).choose();
}

async function openBase(what: vscode.OpenDialogOptions): Promise<Base> {
  const picked = await vscode.window.showOpenDialog({
    ...{ title: 'Base Model', openLabel: 'Use', canSelectFiles: false },
    ...what,
  });
  const { fsPath: spec } = chosen(picked?.[0]);
  return { spec, label: lastPart(spec), description: '' };
}

async function newBase(): Promise<Base> {
  const spec = chosen(
    await vscode.window.showInputBox({
      title: 'Base Model from the Hub',
      placeHolder: 'HuggingFaceTB/SmolLM2-135M-Instruct',
      validateInput: (text) => (isHubId(text.trim()) ? undefined : 'An id has the form owner/model.'),
    }),
  ).trim();
  return { spec, label: lastPart(spec), description: 'from the hub' };
}
