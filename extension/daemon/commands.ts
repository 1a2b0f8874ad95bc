import * as vscode from 'vscode';
import type { App, Handlers } from '../app.ts';

const LOG_LINES = 500;

export const daemonCommands = ({ log, daemon }: App): Handlers<'showLog' | 'showDaemonLog' | 'stopDaemon'> => ({
  showLog: () => log.show(),
  showDaemonLog: async () => {
    const { daemonLog } = await import('./lazy.ts');
    const { folder, text } = daemonLog(LOG_LINES);
    const document = await vscode.workspace.openTextDocument({
      language: 'log',
      content:
        text === '' ? `There is no log yet in ${folder}.\n` : `The newest lines of the log in ${folder}\n\n${text}\n`,
    });
    await vscode.window.showTextDocument(document);
  },
  stopDaemon: async () => {
    if (daemon.state !== 'connected') return void vscode.window.setStatusBarMessage('No daemon is connected.', 4000);
    const { jobs } = await daemon.call(({ life }) => life.status, {});
    const stop = 'Stop Daemon';
    const detail = 'Runs stop at a checkpoint. They continue when a daemon runs again.';
    if (
      jobs.running > 0 &&
      (await vscode.window.showWarningMessage('Stop the daemon while it works?', { modal: true, detail }, stop)) !==
        stop
    )
      return;
    await daemon.stop();
    void vscode.window.showInformationMessage(
      'The VeRA daemon is stopped, and no program of it runs. It starts again when you use VeRA Studio.',
    );
  },
});
