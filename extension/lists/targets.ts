import * as vscode from 'vscode';
import { BY_KEY } from '../contributions.ts';

export type Clicked<T> = T | typeof BY_KEY | undefined;

/**
 * The items that a command is for: those that are selected, if the clicked one (or the one with the focus) is among them, else that
 * one alone. undefined: the command came from the palette, so the person has to choose.
 */
export async function targetsOf<T>(
  view: vscode.TreeView<T>,
  clicked: Clicked<T>,
  selected: readonly T[] | undefined,
): Promise<readonly T[] | undefined> {
  if (clicked === undefined) return undefined;
  if (clicked === BY_KEY) return focused(view);
  return selected === undefined || selected.length === 0 ? [clicked] : selected;
}

const PATIENCE = 1000; // milliseconds for an event of the selection

/**
 * The item with the focus comes first. VS Code does not tell an extension which item that is, only which are selected. So the item
 * with the focus is taken into the selection, or out of it, and back.
 */
async function focused<T>(view: vscode.TreeView<T>): Promise<readonly T[]> {
  const before = view.selection;
  const after = await toggled(view);
  const focus = after.find((one) => !before.includes(one)) ?? before.find((one) => !after.includes(one));
  if (focus === undefined) return before;
  await toggled(view);
  return before.includes(focus) ? [focus, ...before.filter((one) => one !== focus)] : [focus];
}

async function toggled<T>(view: vscode.TreeView<T>): Promise<readonly T[]> {
  const { promise, resolve } = Promise.withResolvers<readonly T[]>();
  const listening = view.onDidChangeSelection(({ selection }) => resolve(selection));
  const timer = setTimeout(() => resolve(view.selection), PATIENCE);
  try {
    await vscode.commands.executeCommand('list.toggleSelection');
    return await promise;
  } finally {
    clearTimeout(timer);
    listening.dispose();
  }
}
