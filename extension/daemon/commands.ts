import * as vscode from 'vscode';
import type { App, Handlers } from '../app.ts';

export const daemonCommands = ({ log, daemon }: App): Handlers<'showLog' | 'stopDaemon'> => ({
  showLog: () => log.show(),
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
    await daemon.call(({ life }) => life.stop, {});
  },
});
