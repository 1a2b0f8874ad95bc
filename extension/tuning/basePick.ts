import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { FoundBase, RecommendedBase } from '../../daemon/protocol/bases.ts';
import { hubIdIn } from '../../daemon/protocol/hubId.ts';
import type { App } from '../app.ts';
import { pickWithBack } from '../back.ts';
import { lastPart } from '../text.ts';
import { type BaseChoice, baseItems, type BaseLine, type KnownBases } from './baseItems.ts';
import { type Base, demoBase } from './bases.ts';
import { searchHub, takeNamed } from './hubSearch.ts';
import { showProblem } from './problem.ts';

export interface BasePick {
  readonly title: string;
  /** Whether there is something to go back to. */
  readonly back: boolean;
  /** Leaves out what is ready on this machine already. */
  readonly onlyNew?: boolean;
  /** Tells what the run would cost with recommended models, one after the other. */
  readonly costs?: (ids: readonly string[], tell: (id: string, cost: string) => void) => Promise<unknown>;
}

/** Lets a person choose a base, which may be one that this machine does not have yet. Undefined if they go back. */
export async function pickBase(app: App, options: BasePick): Promise<Base | undefined> {
  for (;;) {
    const choice = await pickChoice(app, options);
    if (choice === undefined) return undefined;
    const base = await follow(app, choice);
    if (base !== undefined) return base;
  }
}

async function follow(app: App, choice: BaseChoice): Promise<Base | undefined> {
  switch (choice.does) {
    case 'take':
      return choice.base;
    case 'named':
      return takeNamed(app, choice.text);
    case 'search':
      return searchHub(app, choice.text);
    case 'problem':
      await showProblem(choice);
      return undefined;
    // Two dialogs, because the one of Windows and of Linux chooses either files or folders.
    case 'file':
      return openBase({ canSelectFiles: true, filters: { GGUF: ['gguf'], 'All files': ['*'] } });
    case 'folder':
      return openBase({ canSelectFolders: true, canSelectFiles: false });
  }
}

type Item = BaseLine & vscode.QuickPickItem;

async function pickChoice(
  app: App,
  { title, back, onlyNew = false, costs }: BasePick,
): Promise<BaseChoice | undefined> {
  let known: KnownBases = {
    ...{ here: undefined, recommended: [], demo: onlyNew ? undefined : demoBase(app) },
    ...{ costs: new Map(), stopped: null, home: homedir() },
  };
  const picked = await pickWithBack<Item>(
    { title, back, placeholder: 'Choose a base model, or type words, an id or the address of a model', items: [] },
    (list, isOpen) => {
      const show = (): void => {
        if (!isOpen()) return;
        const active = list.activeItems[0]?.label;
        const typed = list.value.trim();
        list.items = [...typedLines(typed), ...baseItems(known)].map(itemOf);
        const same = list.items.find((item) => item.label === active);
        if (same !== undefined && typed === '') list.activeItems = [same];
      };
      const load = async (): Promise<void> => {
        list.busy = true;
        const [{ items, stopped }, { items: recommended }] = await Promise.all([
          app.daemon.call(({ bases }) => bases.find, { folders: foldersHere() }),
          app.daemon.call(({ bases }) => bases.recommended, {}),
        ]);
        const demo = known.demo?.spec;
        const here = items.filter(({ spec, source }) => spec !== demo && !(onlyNew && isReady(source)));
        known = { ...known, here, recommended: onlyNew ? missing(recommended, items) : recommended, stopped };
        list.busy = false;
        show();
        const told = new Map<string, string>();
        const tell = (id: string, cost: string): void => {
          told.set(id, cost);
          known = { ...known, costs: told };
          show();
        };
        // Without the costs, the models can still be chosen.
        await costs?.(
          missing(recommended, items).map(({ id }) => id),
          tell,
        ).catch(() => undefined);
      };
      list.onDidChangeValue(show);
      show();
      load().catch((error: unknown) => {
        if (!isOpen()) return;
        list.busy = false;
        known = { ...known, here: [], stopped: error instanceof Error ? error.message : String(error) };
        show();
      });
    },
  );
  return picked?.choice;
}

/** Models that were used or downloaded are in the Models view already. */
const isReady = (source: string): boolean => source === 'used' || source === 'downloads';

const missing = (recommended: readonly RecommendedBase[], here: readonly FoundBase[]): RecommendedBase[] =>
  recommended.filter(({ id }) => !here.some(({ name, problem }) => name === id && problem === null));

/** What is typed may name a model of the hub, or be words to search for. */
function typedLines(typed: string): BaseLine[] {
  if (typed === '') return [];
  const id = hubIdIn(typed);
  return [
    ...(id === undefined
      ? []
      : [
          {
            label: `$(cloud-download) ${id}`,
            description: 'from the hub',
            choice: { does: 'named', text: typed } as const,
          },
        ]),
    { label: `$(search) Search the hub for "${typed}"`, choice: { does: 'search', text: typed } },
  ];
}

const itemOf = (line: BaseLine): Item => ({
  ...line,
  ...(line.separator === true ? { kind: vscode.QuickPickItemKind.Separator } : {}),
  // The other ways stay in sight while somebody types.
  alwaysShow: line.choice !== undefined && ['named', 'search', 'file', 'folder'].includes(line.choice.does),
});

const downloads = (): string => join(homedir(), 'Downloads');

/** Folders in which models are looked for: those of the workspace, and Downloads. */
function foldersHere(): string[] {
  const open = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
  return [...open.map(({ uri }) => uri.fsPath).slice(0, 16), downloads()];
}

async function openBase(what: vscode.OpenDialogOptions): Promise<Base | undefined> {
  const picked = await vscode.window.showOpenDialog({
    ...{ title: 'Base Model', openLabel: 'Use' },
    ...(existsSync(downloads()) ? { defaultUri: vscode.Uri.file(downloads()) } : {}),
    ...what,
  });
  const spec = picked?.[0]?.fsPath;
  return spec === undefined ? undefined : { spec, label: lastPart(spec), description: '' };
}
