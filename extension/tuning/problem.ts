import * as vscode from 'vscode';
import { lastPart } from '../text.ts';
import type { BaseChoice } from './baseItems.ts';

/** Shows a whole text, however long it is, until the person has read it. Returns the action that they chose. */
export async function showWhole(what: string, detail: string, ...actions: string[]): Promise<string | undefined> {
  return vscode.window.showWarningMessage(what, { modal: true, detail }, ...actions);
}

/** Why a model cannot be trained. */
export async function showProblem({ name, problem, spec }: Extract<BaseChoice, { does: 'problem' }>): Promise<void> {
  const text = problem[0]!.toUpperCase() + problem.slice(1);
  await showWhole(`${lastPart(name)} cannot be trained here.`, `${text}.\n\n${spec}`);
}
