import * as vscode from 'vscode';
import type { Job } from '../../daemon/protocol/jobs.ts';
import { type App, hasBegun } from '../app.ts';
import { COMMANDS, CONTEXTS, VIEWS } from '../contributions.ts';
import { type NarrowedList, narrowedList } from '../lists/choose.ts';
import { narrowed } from '../lists/narrow.ts';
import { listAll, soonest } from '../listing.ts';
import { iconOf, itemOf } from './describe.ts';
import { besideName, jobFacts, jobLines, jobName } from './facts.ts';

export interface RunNode {
  readonly kind: 'job';
  readonly job: Job;
}

/** The view, for the commands. */
export interface RunsView {
  readonly view: vscode.TreeView<RunNode>;
  readonly list: NarrowedList;
  /** Every job that the daemon listed, the newest first. */
  all(): readonly RunNode[];
}

/** An item of the view. VS Code keeps it, so it stays the same object while its job changes. */
interface Shown {
  readonly node: { readonly kind: 'job'; job: Job };
  /** What was drawn of it. */
  drawn: string;
  /** Until when it is not drawn again, because its tooltip is open. */
  held: number;
}

const REDRAW_MS = 1000; // a run of a small model sends many steps per second
const HOLD_MS = 15_000; // VS Code closes the tooltip of an item that is drawn again, and does not say when it is closed

/** The view of jobs with their progress. An item is drawn again only if its text changed, at most once per second. */
export function registerRunsView(app: App): RunsView {
  const { context, daemon } = app;
  const changed = new vscode.EventEmitter<RunNode | undefined>();
  const jobs = new Map<number, Shown>();
  let known = false;
  let listed = '';
  const put = (job: Job): void => {
    if (job.kind === 'train') tellRun();
    const shown = jobs.get(job.id);
    if (shown === undefined) jobs.set(job.id, { node: { kind: 'job', job }, drawn: '', held: 0 });
    else shown.node.job = job;
  };
  const tellRun = once(() => void vscode.commands.executeCommand('setContext', CONTEXTS.hasRun, true));
  const all = (): RunNode[] => [...jobs.values()].map(({ node }) => node).sort((a, b) => b.job.id - a.job.id);
  const fitting = (): RunNode[] => narrowed(all(), ({ job }) => jobFacts(job), list.get());
  const orderOf = (nodes: readonly RunNode[]): string => nodes.map(({ job }) => job.id).join(' ');

  const view = vscode.window.createTreeView<RunNode>(VIEWS.runs, {
    canSelectMany: true,
    treeDataProvider: {
      onDidChangeTreeData: changed.event,
      getTreeItem: (node) => {
        const shown = jobs.get(node.job.id);
        if (shown !== undefined) shown.drawn = drawnOf(node.job);
        return treeItem(node);
      },
      // VS Code asks for the tooltip when it is about to show it.
      resolveTreeItem: (item, { job }) => {
        const shown = jobs.get(job.id);
        if (shown !== undefined) shown.held = Date.now() + HOLD_MS;
        return Object.assign(item, { tooltip: jobLines(job).join('\n') });
      },
      async getChildren(node) {
        if (node !== undefined || !hasBegun(app)) return [];
        if (!known) {
          known = true;
          const items = await listAll((after) =>
            daemon.call(({ jobs: methods }) => methods.list, { limit: 500, ...after }),
          ).catch((error: unknown) => {
            known = false;
            throw error;
          });
          for (const job of items) if (!jobs.has(job.id)) put(job);
        }
        const nodes = fitting();
        listed = orderOf(nodes);
        list.tell(view, nodes.length, jobs.size);
        return nodes;
      },
    },
  });
  const redraw = soonest(() => {
    const working = all().filter(({ job: { state } }) => state === 'running' || state === 'queued').length;
    if (working !== (view.badge?.value ?? 0))
      view.badge = working === 0 ? undefined : { value: working, tooltip: `${working} at work or waiting` };
    if (orderOf(fitting()) !== listed) return changed.fire(undefined);
    const now = Date.now();
    let waits = false;
    for (const shown of jobs.values()) {
      if (shown.drawn === '' || shown.drawn === drawnOf(shown.node.job)) continue;
      if (shown.held > now) waits = true;
      else changed.fire(shown.node);
    }
    if (waits) redraw();
  }, REDRAW_MS);
  const drawAll = soonest(() => changed.fire(undefined));
  const list = narrowedList(app, { key: 'runs', what: 'Runs', filtered: 'runsFiltered' }, drawAll);
  const forget = (is: (job: Job) => boolean): void => {
    for (const [id, { node }] of jobs) if (is(node.job)) jobs.delete(id);
    drawAll();
  };
  context.subscriptions.push(
    ...[view, changed],
    daemon.onJob((job) => {
      const isNew = !jobs.has(job.id);
      put(job);
      if (isNew) drawAll();
      redraw();
    }),
    daemon.onCatalog(({ kind, change, id }) => {
      if (kind === 'job' && change === 'deleted') forget((job) => job.id === id);
      if (kind === 'run' && (change === 'deleted' || change === 'purged')) forget((job) => job.run === id);
      if (kind !== 'run' || change !== 'restored') return;
      known = false;
      drawAll();
    }),
    daemon.onRefresh(() => {
      known = false;
      jobs.clear();
      drawAll();
      redraw();
    }),
  );
  return { view, list, all };
}

const once = (work: () => void): (() => void) => {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
};

/** What an item shows, in a text that is compared. */
const drawnOf = (job: Job): string => JSON.stringify([jobName(job), besideName(job, Date.now()), itemOf(job)]);

function treeItem(node: RunNode): vscode.TreeItem {
  const { job } = node;
  const item = new vscode.TreeItem(jobName(job));
  const [icon, colour] = iconOf(job.state);
  item.id = `job ${job.id}`;
  item.description = besideName(job, Date.now());
  item.iconPath = new vscode.ThemeIcon(icon, colour === undefined ? undefined : new vscode.ThemeColor(colour));
  item.contextValue = itemOf(job);
  item.accessibilityInformation = { label: `${jobName(job)}, ${item.description}` };
  if (job.kind === 'train') item.command = { command: COMMANDS.openRun, title: 'Open', arguments: [node] };
  return item;
}
