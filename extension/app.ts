import * as vscode from 'vscode';
import type { Remedy } from '../daemon/protocol/errors.ts';
import { COMMANDS, type CommandName, SETTINGS, SETTINGS_SECTION } from './contributions.ts';
import type { Savings } from '../daemon/protocol/panel.ts';
import type { DaemonLink } from './daemon/link.ts';
import { isQuiet, Quiet } from './quiet.ts';

/** What every feature works with. */
export interface App {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly daemon: DaemonLink;
  /** Costs beside LoRA of the runs that were planned in this window, by the number of their job. */
  readonly savings: Map<number, Savings>;
}

/** The training panel: at most one per window. */
export interface Panel {
  /** Opens it, or brings it to the front; `focus` chooses the run it shows. */
  show(focus?: string): Promise<void>;
  /** Opens it with Try It for an adapter: base (or another adapter) and adapter answer side by side. */
  tryIt(adapter: number, beside?: number): Promise<void>;
  /** Whether a person can see it now. */
  isInFront(): boolean;
}

// What a menu passes is whatever was clicked.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Handler = (...args: any[]) => unknown;

/** Handlers of some commands. All features together must handle every command. */
export type Handlers<N extends CommandName = CommandName> = Readonly<Record<N, Handler>>;

/** These start no daemon that a person has stopped. */
const LEAVE_STOPPED: readonly CommandName[] = ['stopDaemon', 'showLog', 'showDaemonLog'];

/** Registers every command. An error that a command throws is logged, and shown in one line. */
export function registerCommands({ context, log, daemon }: App, handlers: Handlers): void {
  for (const [name, handler] of Object.entries(handlers) as [CommandName, Handler][]) {
    const run = async (...args: unknown[]): Promise<unknown> => {
      // A person does something, so a daemon that was stopped is wanted again.
      if (!LEAVE_STOPPED.includes(name)) daemon.wake();
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

/** Returns what a person chose. Throws Quiet, which ends the command, if they chose nothing. */
export function chosen<T>(value: T | undefined): T {
  if (value === undefined) throw new Quiet();
  return value;
}

/**
 * Work needs a trusted workspace. Menus hide such commands, but a hidden command can still be called. Shows a message, then
 * throws Quiet.
 */
export async function requireTrust(what: string): Promise<void> {
  if (vscode.workspace.isTrusted) return;
  const manage = 'Manage Workspace Trust';
  const answer = await vscode.window.showWarningMessage(`${what} needs a trusted workspace.`, manage);
  if (answer === manage) await vscode.commands.executeCommand('workbench.trust.manage');
  throw new Quiet();
}

/** What helps after an error, as a button. A daemon that was stopped is started again when it is needed. */
const STOP = { label: 'Stop Daemon', call: [COMMANDS.stopDaemon] } as const;
const BUTTONS: Readonly<
  Partial<Record<Remedy['do'], { readonly label: string; readonly call: readonly [string, ...string[]] }>>
> = {
  stopDaemon: STOP,
  stopDaemonNow: STOP,
  restartDaemon: STOP,
  chooseStateFolder: {
    label: 'Open Setting',
    call: ['workbench.action.openSettings', `${SETTINGS_SECTION}.${SETTINGS.stateFolder}`],
  },
};

/** Shows one line for a command that failed, with a button for the log and one for what helps. */
export async function showError(log: vscode.LogOutputChannel, error: unknown): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  log.error(error instanceof Error ? (error.stack ?? message) : message);
  const { remedy } = (typeof error === 'object' ? error : {}) as { remedy?: Remedy };
  const button = remedy === undefined ? undefined : BUTTONS[remedy.do];
  const show = 'Show Log';
  const answer = await vscode.window.showErrorMessage(message, ...(button === undefined ? [] : [button.label]), show);
  if (answer === show) log.show();
  else if (button !== undefined && answer === button.label) await vscode.commands.executeCommand(...button.call);
}

/** Path of the first workspace folder, if it is on this machine: the project that new adapters and runs belong to. */
export const workspaceFolder = (of?: vscode.Uri): string | undefined => {
  const folder =
    (of === undefined ? undefined : vscode.workspace.getWorkspaceFolder(of)) ?? vscode.workspace.workspaceFolders?.[0];
  return folder?.uri.scheme === 'file' ? folder.uri.fsPath : undefined;
};

const BEGUN = 'daemonUsed';

/** Whether a daemon was ever needed on this machine. Before that, an empty view says how to begin and starts no daemon. */
export const hasBegun = ({ context, daemon }: App): boolean =>
  daemon.state !== 'idle' || context.globalState.get(BEGUN, false);
/** Remembers that a daemon was needed. */
export const rememberBegun = ({ context }: App): Thenable<void> => context.globalState.update(BEGUN, true);
