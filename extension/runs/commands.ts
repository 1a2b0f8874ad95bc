import * as vscode from 'vscode';
import type { AdapterNode } from '../adapters/view.ts';
import { revealFolder } from '../adapters/reveal.ts';
import { type App, chosen, type Handlers, type Panel } from '../app.ts';
import type { Job, JobState } from '../../daemon/protocol/jobs.ts';
import { isOver } from '../../daemon/protocol/jobStates.ts';
import { BY_KEY } from '../contributions.ts';
import { type Clicked, targetsOf } from '../lists/targets.ts';
import { faultOfName } from '../name.ts';
import { clockText, plural } from '../text.ts';
import { fineTuneAgain } from '../tuning/again.ts';
import { trainingOf } from '../tuning/training.ts';
import { besideName, jobFacts, jobName } from './facts.ts';
import { deleteJobs } from './remove.ts';
import type { RunNode, RunsView } from './view.ts';

type Names =
  | 'openPanel'
  | 'openRun'
  | 'pauseRun'
  | 'resumeRun'
  | 'cancelRun'
  | 'retryRun'
  | 'runAgain'
  | 'revealRun'
  | 'renameRun'
  | 'deleteRun'
  | 'restoreRun'
  | 'filterRuns'
  | 'clearRunsFilter'
  | 'sortRuns';
type Move = 'pause' | 'resume' | 'retry';

export function runCommands(app: App, panel: Panel, runs: RunsView): Handlers<Names> {
  const { daemon } = app;
  /** The jobs that a command is for, which the person chooses where none was clicked. */
  const jobsFor = async (
    title: string,
    is: (job: Job) => boolean,
    clicked: Clicked<RunNode>,
    selected?: readonly RunNode[],
  ): Promise<Job[]> => {
    const nodes = await targetsOf(runs.view, clicked, selected);
    if (nodes === undefined) return pickJobs(app, title, is, true);
    const fitting = nodes.map(({ job }) => job).filter(is);
    if (fitting.length === 0) throw new Error(`“${title}” is not possible for what is selected in the Runs view.`);
    return fitting;
  };
  const jobFor = async (title: string, is: (job: Job) => boolean, clicked: Clicked<RunNode>): Promise<Job> => {
    const nodes = await targetsOf(runs.view, clicked, undefined);
    const job = nodes === undefined ? (await pickJobs(app, title, is, false))[0] : nodes[0]?.job;
    if (job === undefined || !is(job)) throw new Error('Select a run in the Runs view first.');
    return job;
  };
  const move =
    (which: Move, title: string, ...states: JobState[]) =>
    async (clicked: Clicked<RunNode>, selected?: readonly RunNode[]): Promise<void> => {
      const is = (job: Job): boolean => states.includes(job.state) && (which !== 'pause' || job.kind === 'train');
      for (const { id } of await jobsFor(title, is, clicked, selected))
        await daemon.call(({ jobs }) => jobs[which], { job: id });
    };
  const isRun = ({ kind }: Job): boolean => kind === 'train';
  return {
    openPanel: () => panel.show(),
    openRun: async (node?: Clicked<RunNode> | AdapterNode) => {
      if (node === undefined || node === BY_KEY || node.kind === 'job')
        return panel.show(`job/${(await jobFor('Open in Training Panel', isRun, node)).id}`);
      if (node.kind !== 'adapter') return undefined;
      const { run } = node.adapter;
      if (run === null)
        return vscode.window.setStatusBarMessage(`${node.adapter.name} was not made by a run here.`, 5000);
      const { run: made } = await daemon.call(({ runs: methods }) => methods.get, { run });
      return panel.show(made.job === null ? undefined : `job/${made.job}`);
    },
    pauseRun: move('pause', 'Pause', 'running', 'queued'),
    resumeRun: move('resume', 'Resume', 'paused'),
    retryRun: move('retry', 'Try Again', 'failed', 'cancelled'),
    cancelRun: async (clicked: Clicked<RunNode>, selected?: readonly RunNode[]) => {
      const is = ({ state }: Job): boolean => ['running', 'queued', 'paused'].includes(state);
      await cancel(app, await jobsFor('Cancel', is, clicked, selected));
    },
    runAgain: async (clicked: Clicked<RunNode>) =>
      fineTuneAgain(app, panel, await jobFor('Run Again with Changes', isRun, clicked)),
    revealRun: async (clicked: Clicked<RunNode>) => {
      const { out } = trainingOf(await jobFor('Reveal Folder', isRun, clicked)).settings;
      return out === undefined ? undefined : revealFolder(out);
    },
    renameRun: async (clicked: Clicked<RunNode>) => {
      const job = await jobFor('Rename', isRun, clicked);
      const now = jobName(job);
      const name = chosen(
        await vscode.window.showInputBox({
          title: `Rename ${now}`,
          prompt: isOver(job.state) ? 'The run and its adapter have one name' : 'Its adapter will have this name',
          value: now,
          validateInput: faultOfName,
        }),
      ).trim();
      if (name !== now && job.run !== null)
        await daemon.call(({ runs: methods }) => methods.update, { run: job.run, name });
    },
    deleteRun: async (clicked: Clicked<RunNode>, selected?: readonly RunNode[]) => {
      const nodes = await targetsOf(runs.view, clicked, selected);
      if (nodes?.length === 0) return;
      await deleteJobs(
        app,
        nodes?.map(({ job }) => job) ?? (await pickJobs(app, 'Delete', ({ state }) => isOver(state), true)),
      );
    },
    restoreRun: () => restoreRuns(app),
    filterRuns: () => runs.list.filter(runs.all().map(({ job }) => jobFacts(job))),
    clearRunsFilter: () => runs.list.clear(),
    sortRuns: () => runs.list.sort(),
  };
}

/** Lets a person choose jobs by their names. */
async function pickJobs({ daemon }: App, title: string, is: (job: Job) => boolean, many: boolean): Promise<Job[]> {
  const { items } = await daemon.call(({ jobs }) => jobs.list, { limit: 500 });
  const fitting = items.filter(is);
  if (fitting.length === 0) throw new Error(`There is no run for “${title}”.`);
  const now = Date.now();
  const lines = fitting.map((job) => ({ label: jobName(job), description: besideName(job, now), job }));
  const options = { title, placeHolder: many ? 'Choose one or more' : 'Choose a run', matchOnDescription: true };
  if (!many) return [chosen(await vscode.window.showQuickPick(lines, options)).job];
  const picked = chosen(await vscode.window.showQuickPick(lines, { ...options, canPickMany: true }));
  return picked.map(({ job }) => job);
}

/** Ends jobs for good. Asks first if work would be lost. */
export async function cancel({ daemon }: App, jobs: readonly Job[]): Promise<void> {
  // What a view knows of a run may be a moment old: then its first steps would be lost without a question.
  const known = await Promise.all(jobs.map(({ id }) => daemon.call(({ jobs: methods }) => methods.get, { job: id })));
  const begun = known.filter(({ kind, progress }) => kind === 'train' && (progress.step ?? 0) > 0);
  if (begun.length > 0) {
    const [question, yes] =
      jobs.length === 1
        ? [`Cancel after ${begun[0]!.progress.step ?? 0} steps?`, 'Cancel Run']
        : [`Cancel ${plural(jobs.length, 'run')}?`, 'Cancel Runs'];
    const detail =
      jobs.length === 1
        ? 'Its checkpoints are kept, and Try Again continues from the last one. To continue later, you can also pause the run instead.'
        : 'Their checkpoints are kept, and Try Again continues from the last ones.';
    chosen(await vscode.window.showWarningMessage(question, { modal: true, detail }, yes));
  }
  for (const { id } of jobs) await daemon.call(({ jobs: methods }) => methods.cancel, { job: id });
}

async function restoreRuns({ daemon }: App): Promise<void> {
  const { items } = await daemon.call(({ runs }) => runs.list, { deleted: true, limit: 500 });
  if (items.length === 0) return void vscode.window.setStatusBarMessage('The trash has no runs.', 4000);
  const now = Date.now();
  const lines = await Promise.all(
    items.map(async ({ id, job, createdAt, dataset, base }) => {
      const made = job === null ? undefined : await daemon.call(({ jobs }) => jobs.get, { job });
      const about = [clockText(createdAt, now), dataset?.path ?? '', base?.name ?? ''].filter((text) => text !== '');
      return { label: made === undefined ? `Run ${id}` : jobName(made), description: about.join(' · '), run: id };
    }),
  );
  const options = { title: 'Restore Deleted Runs', matchOnDescription: true, canPickMany: true } as const;
  for (const { run } of chosen(await vscode.window.showQuickPick(lines, options)))
    await daemon.call(({ runs }) => runs.restore, { run });
}
