import { basename } from 'node:path';
import * as vscode from 'vscode';
import { activateFor, activeHere } from '../adapters/active.ts';
import { type App, type Panel, showError, workspaceFolder } from '../app.ts';
import type { Job } from '../../daemon/protocol/jobs.ts';
import { isOver } from '../../daemon/protocol/jobStates.ts';
import type { RunRow } from '../../daemon/protocol/runs.ts';
import { isQuiet } from '../quiet.ts';
import { lossText, oneLine } from '../text.ts';

/** When a run of this workspace is done, says whether it made the model better, and offers to try and to use the adapter. */
export function registerDone(app: App, panel: Panel): void {
  const { context, daemon, log } = app;
  /** Runs that this window saw at work: those that ended long ago are told as well when the daemon is asked. */
  const working = new Set<number>();
  context.subscriptions.push(
    daemon.onJob((job) => {
      if (job.kind !== 'train' || !isHere(job)) return;
      if (!isOver(job.state)) working.add(job.id);
      else if (working.delete(job.id) && job.state === 'succeeded')
        void offer(app, panel, job).catch((error: unknown) => (isQuiet(error) ? undefined : showError(log, error)));
    }),
  );
}

/** The project of a folder has the folder's name. */
const isHere = ({ project }: Job): boolean => {
  const folder = workspaceFolder();
  return project === (folder === undefined ? null : basename(folder));
};

async function offer(app: App, panel: Panel, { run: number }: Job): Promise<void> {
  if (number === null) return;
  const { run, adapter } = await app.daemon.call(({ runs }) => runs.get, { run: number });
  if (adapter === null) return;
  const isActive = (await activeHere(app))?.id === adapter.id;
  const sentence = sentenceOf(run);
  const [tryIt, use] = ['Try It', 'Use Adapter'];
  const answer = await vscode.window.showInformationMessage(
    `${oneLine(adapter.name)}: ${sentence}${isActive ? ' It is the active adapter now.' : ''}`,
    ...(isActive ? [tryIt] : [tryIt, use]),
  );
  if (answer === tryIt) await panel.tryIt(adapter.id);
  if (answer === use) await activateFor(app, adapter.id);
}

/** What came out, in a sentence. */
function sentenceOf({ heldOutLoss, baseHeldOutLoss, verdict }: RunRow): string {
  if (verdict) return verdict.sentence;
  if (heldOutLoss === null || baseHeldOutLoss === null) return 'The run is done.';
  return `On the held-out rows, the loss went from ${lossText(baseHeldOutLoss)} to ${lossText(heldOutLoss)}.`;
}
