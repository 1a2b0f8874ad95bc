import * as vscode from 'vscode';
import type { Job } from '../daemon/protocol/jobs.ts';
import type { ActiveAdapter } from './adapters/watch.ts';
import type { App } from './app.ts';
import { COMMANDS, STATUS_ITEM } from './contributions.ts';
import { soonest } from './listing.ts';
import { doingText, fractionOf } from './runs/describe.ts';
import { changesSetting, setting } from './settings.ts';
import { statusText, statusTip } from './statusText.ts';

/** The status bar item: the active adapter, or the percentage of the running job. A click opens the run, or a list to choose an adapter. */
export function registerStatusItem(app: App, adapter: ActiveAdapter): void {
  const { context, daemon, log } = app;
  const item = vscode.window.createStatusBarItem(STATUS_ITEM, vscode.StatusBarAlignment.Right, 90);
  item.name = 'VeRA Studio';
  const running = new Map<number, Job>();

  const show = (): void => {
    const active = adapter.name();
    const job = [...running.values()].sort((a, b) => a.id - b.id)[0];
    const text = statusText(active, job === undefined ? undefined : { fraction: fractionOf(job) }, running.size);
    if (!setting('statusBar', true) || text === undefined) return item.hide();
    item.text = text;
    item.tooltip = statusTip(active, job === undefined ? undefined : { title: job.title, doing: doingText(job) });
    // While something runs, a person wants to see that.
    item.command =
      job?.kind === 'train'
        ? { command: COMMANDS.openRun, title: 'Open', arguments: [{ kind: 'job', job }] }
        : COMMANDS.pickAdapter;
    item.accessibilityInformation = { label: item.tooltip };
    item.show();
  };
  const redraw = soonest(show, 200);
  const askRunning = async (): Promise<void> => {
    const { items } = await daemon.call(({ jobs }) => jobs.list, {
      states: ['running', 'pausing', 'cancelling'],
      limit: 50,
    });
    running.clear();
    for (const job of items) running.set(job.id, job);
    redraw();
  };
  context.subscriptions.push(
    item,
    daemon.onJob((job) => {
      if (job.state === 'running' || job.state === 'pausing' || job.state === 'cancelling') running.set(job.id, job);
      else running.delete(job.id);
      redraw();
    }),
    adapter.onChange(show),
    daemon.onRefresh(() => void askRunning().catch((error: unknown) => log.info(String(error)))),
    daemon.onState(redraw),
    vscode.workspace.onDidChangeConfiguration((event) => (changesSetting(event, 'statusBar') ? show() : undefined)),
  );
  show();
}
