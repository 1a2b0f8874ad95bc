import * as vscode from 'vscode';
import type { Job } from '../../daemon/protocol/jobs.ts';
import { type App, hasBegun } from '../app.ts';
import { COMMANDS, VIEWS } from '../contributions.ts';
import { soonest } from '../listing.ts';
import { oneLine } from '../text.ts';
import { describeJob, iconOf, itemOf } from './describe.ts';

export interface RunNode {
  readonly kind: 'job';
  readonly job: Job;
}

const SHOWN = 100; // jobs; older ones are in the catalog
const REDRAW_MS = 250; // a run of a small model sends many steps per second

/** The view of jobs, newest first, with their progress. */
export function registerRunsView(app: App): void {
  const { context, daemon } = app;
  const changed = new vscode.EventEmitter<undefined>();
  const jobs = new Map<number, Job>();
  let known = false;
  const view = vscode.window.createTreeView<RunNode>(VIEWS.runs, {
    treeDataProvider: {
      onDidChangeTreeData: changed.event,
      getTreeItem: ({ job }) => treeItem(job),
      async getChildren(node) {
        if (node !== undefined || !hasBegun(app)) return [];
        if (!known) {
          const { items } = await daemon.call(({ jobs: methods }) => methods.list, { limit: SHOWN });
          for (const job of items) if (!jobs.has(job.id)) jobs.set(job.id, job);
          known = true;
        }
        return [...jobs.values()]
          .sort((a, b) => b.id - a.id)
          .slice(0, SHOWN)
          .map((job) => ({ kind: 'job', job }));
      },
    },
  });
  const redraw = soonest(() => {
    const working = [...jobs.values()].filter(({ state }) => state === 'running' || state === 'queued').length;
    view.badge = working === 0 ? undefined : { value: working, tooltip: `${working} at work or waiting` };
    changed.fire(undefined);
  }, REDRAW_MS);
  context.subscriptions.push(
    ...[view, changed],
    daemon.onJob((job) => {
      jobs.set(job.id, job);
      redraw();
    }),
    daemon.onRefresh(() => {
      known = false;
      jobs.clear();
      redraw();
    }),
  );
}

function treeItem(job: Job): vscode.TreeItem {
  const item = new vscode.TreeItem(oneLine(job.title));
  const [icon, colour] = iconOf(job.state);
  item.id = `job ${job.id}`;
  item.description = describeJob(job);
  item.iconPath = new vscode.ThemeIcon(icon, colour === undefined ? undefined : new vscode.ThemeColor(colour));
  item.contextValue = itemOf(job);
  item.tooltip = [job.title, `Job ${job.id}, ${job.state}`, describeJob(job)].map(oneLine).join('\n');
  if (job.kind === 'train')
    item.command = { command: COMMANDS.openRun, title: 'Open', arguments: [{ kind: 'job', job } satisfies RunNode] };
  return item;
}
