import * as vscode from 'vscode';
import type { App } from '../app.ts';
import { CHOOSE_BASE, chooseRealBase } from '../tuning/realBase.ts';

const TOLD = 'limitsTold';

/** Says once for each base what it cannot do for inline completions, when an adapter of it is made active. */
export async function tellLimits({ context, daemon, log }: App, adapter: number): Promise<void> {
  try {
    const { model, limits } = await daemon.call(({ generation }) => generation.describe, { adapter });
    const told = context.globalState.get<readonly string[]>(TOLD, []);
    if (limits.completion.length === 0 || told.includes(model.base)) return;
    await context.globalState.update(TOLD, [...told, model.base].slice(-100));
    const answer = await vscode.window.showInformationMessage(limits.completion.join(' '), CHOOSE_BASE);
    if (answer === CHOOSE_BASE) await chooseRealBase();
  } catch (error) {
    log.info(`what the base of adapter ${adapter} can do is not known: ${String(error)}`);
  }
}
