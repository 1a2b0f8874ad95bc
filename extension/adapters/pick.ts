import * as vscode from 'vscode';
import { type App, chosen } from '../app.ts';
import { type Clicked, targetsOf } from '../lists/targets.ts';
import { oneLine } from '../text.ts';
import { allAdapters } from './all.ts';
import { describeAdapter, type ShownAdapter } from './describe.ts';
import { byPlace } from './place.ts';
import type { AdapterNode } from './view.ts';

const lineOf = (adapter: ShownAdapter): vscode.QuickPickItem & { adapter: ShownAdapter } => ({
  label: oneLine(adapter.name),
  description: [describeAdapter(adapter, false), adapter.base.name, adapter.project ?? '']
    .filter((text) => text !== '')
    .join(' · '),
  ...(adapter.note === '' ? {} : { detail: oneLine(adapter.note) }),
  adapter,
});
const MATCH = { matchOnDescription: true, matchOnDetail: true } as const;

export async function pickAdapter(adapters: readonly ShownAdapter[], title: string): Promise<ShownAdapter> {
  if (adapters.length === 0) throw new Error(`There is no adapter for “${title}”. Train one first.`);
  return chosen(await vscode.window.showQuickPick(byPlace(adapters).flat().map(lineOf), { title, ...MATCH })).adapter;
}

export async function pickAdapters(adapters: readonly ShownAdapter[], title: string): Promise<ShownAdapter[]> {
  if (adapters.length === 0) throw new Error(`There is no adapter for “${title}”. Train one first.`);
  const options = { title, placeHolder: 'Choose one or more', canPickMany: true, ...MATCH } as const;
  return chosen(await vscode.window.showQuickPick(byPlace(adapters).flat().map(lineOf), options)).map(
    ({ adapter }) => adapter,
  );
}

const adaptersOf = (nodes: readonly AdapterNode[]): ShownAdapter[] =>
  nodes.flatMap((node) => (node.kind === 'adapter' ? [node.adapter] : []));

/** The adapter that a command is for: clicked, with the focus, or chosen now. */
export async function adapterFor(
  app: App,
  view: vscode.TreeView<AdapterNode>,
  clicked: Clicked<AdapterNode>,
  title: string,
): Promise<ShownAdapter> {
  const nodes = await targetsOf(view, clicked, undefined);
  if (nodes === undefined) return pickAdapter(await allAdapters(app), title);
  const [adapter] = adaptersOf(nodes);
  if (adapter === undefined) throw new Error('Select an adapter in the Adapters view first.');
  return adapter;
}

/** The adapters that a command is for. Those of a project if that was clicked. */
export async function adaptersFor(
  app: App,
  view: vscode.TreeView<AdapterNode>,
  { clicked, selected }: { clicked: Clicked<AdapterNode>; selected: readonly AdapterNode[] | undefined },
  title: string,
): Promise<ShownAdapter[]> {
  const nodes = await targetsOf(view, clicked, selected);
  if (nodes === undefined) return pickAdapters(await allAdapters(app), title);
  const adapters = adaptersOf(nodes);
  if (adapters.length === 0) throw new Error('Select an adapter in the Adapters view first.');
  return adapters;
}
