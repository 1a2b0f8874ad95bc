import * as vscode from 'vscode';
import { COMMANDS, type CommandName } from './contributions.ts';
import type { DaemonLink } from './daemon/link.ts';

/** What every feature works with. */
export interface App {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly daemon: DaemonLink;
}

/** The training panel: at most one per window. */
export interface Panel {
  /** Opens it, or brings it to the front; `focus` chooses the run it shows. */
  show(focus?: string): Promise<void>;
}

// What a menu passes is whatever was clicked.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Handler = (...args: any[]) => unknown;

/** Handlers of some commands; all features together have to name every one. */
export type Handlers<N extends CommandName = CommandName> = Readonly<Record<N, Handler>>;

/** Registers every command; what one throws is logged and shown in one line. */
export function registerCommands({ context, log }: App, handlers: Handlers): void {
  for (const [name, handler] of Object.entries(handlers) as [CommandName, Handler][]) {
    const run = async (...args: unknown[]): Promise<unknown> => {
      try {
        return await handler(...args);
      } catch (error) {
        if (isQuiet(error)) return undefined;
        await showError(log, error);
        return undefined;
      }
    };
    context.subscriptions.push(vscode.commands.registerCommand(COMMANDS[name], run));
  }
}

/** Thrown where a person has changed their mind: there is nothing to say. */
export class Quiet extends Error {}

/** Whether an error is only that a person has changed their mind, here or while the daemon was asked. */
export const isQuiet = (error: unknown): boolean =>
  error instanceof Quiet || (error instanceof Error && (error as { code?: unknown }).code === 'cancelled');

/** Passes on what a person chose, and ends the command where that is nothing. */
export function chosen<T>(value: T | undefined): T {
  if (value === undefined) throw new Quiet();
  return value;
}

/** Work is for trusted workspaces: a command that menus hide can still be called. Throws Quiet after saying so. */
export async function requireTrust(what: string): Promise<void> {
  if (vscode.workspace.isTrusted) return;
  const manage = 'Manage Workspace Trust';
  const answer = await vscode.window.showWarningMessage(`${what} needs a trusted workspace.`, manage);
  if (answer === manage) await vscode.commands.executeCommand('workbench.trust.manage');
  throw new Quiet();
}

/** The last thing on a person's screen where a command failed: one line and the log. */
export async function showError(log: vscode.LogOutputChannel, error: unknown): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  log.error(error instanceof Error ? (error.stack ?? message) : message);
  const show = 'Show Log';
  if ((await vscode.window.showErrorMessage(message, show)) === show) log.show();
}

/** Folder of the first workspace folder that is on this machine: the project that new things belong to. */
export const workspaceFolder = (of?: vscode.Uri): string | undefined => {
  const folder =
    (of === undefined ? undefined : vscode.workspace.getWorkspaceFolder(of)) ?? vscode.workspace.workspaceFolders?.[0];
  return folder?.uri.scheme === 'file' ? folder.uri.fsPath : undefined;
};

const BEGUN = 'daemonUsed';

/** Whether a daemon was ever asked for here: before that, an empty view says how to begin, and starts none. */
export const hasBegun = ({ context, daemon }: App): boolean =>
  daemon.state !== 'idle' || context.globalState.get(BEGUN, false);
/** Remembers that there is something to ask a daemon for. */
export const rememberBegun = ({ context }: App): Thenable<void> => context.globalState.update(BEGUN, true);
