import * as vscode from 'vscode';
import type { AdapterNode } from '../adapters/view.ts';
import { revealFolder } from '../adapters/commands.ts';
import { type App, chosen, type Handlers, type Panel } from '../app.ts';
import type { Job } from '../../daemon/protocol/jobs.ts';
import { fineTuneAgain } from '../tuning/again.ts';
import { trainingOf } from '../tuning/training.ts';
import type { RunNode } from './view.ts';

type Names = 'openPanel' | 'openRun' | 'pauseRun' | 'resumeRun' | 'cancelRun' | 'retryRun' | 'runAgain' | 'revealRun';

export function runCommands(app: App, panel: Panel): Handlers<Names> {
  const { daemon } = app;
  return {
    openPanel: () => panel.show(),
    openRun: async (node: RunNode | AdapterNode) => {
      if (node.kind === 'job') return panel.show(`job/${node.job.id}`);
      if (node.kind !== 'adapter') return undefined;
      const { run } = node.adapter;
      if (run === null)
        return vscode.window.setStatusBarMessage(`${node.adapter.name} was not made by a run here.`, 5000);
      const { run: made } = await daemon.call(({ runs }) => runs.get, { run });
      return panel.show(made.job === null ? undefined : `job/${made.job}`);
    },
    pauseRun: (node: RunNode) => daemon.call(({ jobs }) => jobs.pause, { job: jobOf(node).id }),
    resumeRun: (node: RunNode) => daemon.call(({ jobs }) => jobs.resume, { job: jobOf(node).id }),
    retryRun: (node: RunNode) => daemon.call(({ jobs }) => jobs.retry, { job: jobOf(node).id }),
    cancelRun: (node: RunNode) => cancel(app, jobOf(node)),
    runAgain: (node: RunNode) => fineTuneAgain(app, panel, jobOf(node)),
    revealRun: (node: RunNode) => {
      const { out } = trainingOf(jobOf(node)).settings;
      return out === undefined ? undefined : revealFolder(out);
    },
  };
}

function jobOf(node: RunNode | undefined): Job {
  if (node?.kind !== 'job') throw new Error('Choose a run in the Runs view first.');
  return node.job;
}

/** Ends a job for good. Asks first if work would be lost. */
export async function cancel({ daemon }: App, job: Job): Promise<void> {
  const step = job.progress.step ?? 0;
  if (job.kind === 'train' && step > 0) {
    const yes = 'Cancel Run';
    const detail =
      'Its checkpoints are kept, and Try Again continues from the last one. To continue later, you can also pause the run instead.';
    const answer = await vscode.window.showWarningMessage(`Cancel after ${step} steps?`, { modal: true, detail }, yes);
    chosen(answer);
  }
  await daemon.call(({ jobs }) => jobs.cancel, { job: job.id });
}
