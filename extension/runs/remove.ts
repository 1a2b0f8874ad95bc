import * as vscode from 'vscode';
import { type App, chosen } from '../app.ts';
import type { Job } from '../../daemon/protocol/jobs.ts';
import { isOver } from '../../daemon/protocol/jobStates.ts';
import { plural } from '../text.ts';
import { jobName } from './facts.ts';

/** Deletes jobs that are over, after one question. Runs go to the trash, other jobs are taken out of the list. */
export async function deleteJobs({ daemon, log }: App, jobs: readonly Job[]): Promise<void> {
  const over = jobs.filter(({ state }) => isOver(state));
  if (over.length === 0)
    throw new Error(
      jobs.length === 1
        ? `${jobName(jobs[0]!)} is not over. Cancel it first.`
        : 'None of these runs is over. Cancel them first.',
    );
  const runs = over.flatMap(({ run }) => (run === null ? [] : [run]));
  const others = over.length - runs.length;
  const left = jobs.length - over.length;
  const detail = [
    ...(runs.length === 0 ? [] : ['You can restore runs for thirty days. Their adapters and checkpoints stay.']),
    ...(others === 0 ? [] : [`${plural(others, 'job')} of another kind will leave the list; what was made stays.`]),
    ...(left === 0 ? [] : [`${left === 1 ? 'One is' : `${left} are`} not over and will stay.`]),
  ].join('\n');
  const question = over.length === 1 ? `Delete '${jobName(over[0]!)}'?` : `Delete ${over.length} runs?`;
  const yes = runs.length === 0 ? 'Delete' : 'Move to Trash';
  chosen(await vscode.window.showWarningMessage(question, { modal: true, detail }, yes));
  for (const { id, run } of over)
    if (run === null) await daemon.call(({ jobs: methods }) => methods.remove, { job: id });
    else await daemon.call(({ runs: methods }) => methods.remove, { run, confirm: true });
  if (runs.length === 0) return;
  offerUndo(`${plural(runs.length, 'run is', 'runs are')} in the trash.`, async () => {
    for (const run of runs) await daemon.call(({ runs: methods }) => methods.restore, { run });
  }).catch((error: unknown) => log.error(String(error)));
}

/** Says what was done, with a button that undoes it. Shows an error of that. */
export async function offerUndo(text: string, undo: () => Promise<void>): Promise<void> {
  const button = 'Undo';
  if ((await vscode.window.showInformationMessage(text, button)) !== button) return;
  try {
    await undo();
  } catch (error) {
    await vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
  }
}
