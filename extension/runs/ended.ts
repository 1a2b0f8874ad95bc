import * as vscode from 'vscode';
import type { Job } from '../../daemon/protocol/jobs.ts';
import { isOver } from '../../daemon/protocol/jobStates.ts';
import { activateFor, activeHere } from '../adapters/active.ts';
import { type App, type Panel, showError, workspaceFolder } from '../app.ts';
import { VIEWS } from '../contributions.ts';
import { isQuiet } from '../quiet.ts';
import { lastPart } from '../text.ts';
import { isDemo } from '../tuning/baseLabel.ts';
import { CHOOSE_BASE, chooseRealBase, DEMO_NOTE } from '../tuning/realBase.ts';
import { trainingOf } from '../tuning/training.ts';
import { downloadedText, failedText, readyText } from './endText.ts';

/** Says in one notification how a run or a download of this workspace ended, unless the person looks at the panel. */
export function registerRunEnds(app: App, panel: Panel): void {
  const { daemon } = app;
  /** Jobs that this window saw at work: those that ended long ago are told as well when the daemon is asked. */
  const working = new Set<number>();
  const look = (job: Job): void => {
    if (job.kind !== 'train' && job.kind !== 'download') return;
    if (!isOver(job.state)) return void working.add(job.id);
    if (!working.delete(job.id) || !isOurs(job)) return;
    const told =
      job.kind === 'download' ? tellDownload(app, job) : panel.isInFront() ? undefined : tellRun(app, panel, job);
    told?.catch((error: unknown) => (isQuiet(error) ? undefined : showError(app.log, error)));
  };
  app.context.subscriptions.push(
    daemon.onJob(look),
    // While the connection was lost, a job may have ended.
    daemon.onRefresh(() => {
      for (const id of working)
        daemon.call(({ jobs }) => jobs.get, { job: id }).then(look, () => void working.delete(id));
    }),
  );
}

/** Jobs of another workspace are told in its window. */
const isOurs = ({ project }: Job): boolean => {
  const folder = workspaceFolder();
  return project === null || folder === undefined || project === lastPart(folder);
};

const [OPEN, USE, TRY_IT, AGAIN, MODELS] = ['Open', 'Use', 'Try It', 'Try Again', 'Show Models'];

async function tellRun(app: App, panel: Panel, job: Job): Promise<void> {
  const key = `job/${job.id}`;
  if (job.state === 'failed') {
    const answer = await vscode.window.showErrorMessage(failedText(job), OPEN, AGAIN);
    if (answer === OPEN) await panel.show(key);
    if (answer === AGAIN) await app.daemon.call(({ jobs }) => jobs.retry, { job: job.id });
    return;
  }
  if (job.state !== 'succeeded' || job.run === null) return;
  const { run, adapter } = await app.daemon.call(({ runs }) => runs.get, { run: job.run });
  // All weights may have been trained: then there is a model and no adapter.
  const isActive = adapter !== null && (await activeHere(app))?.id === adapter.id;
  const demo = isDemo(trainingOf(job).settings.base);
  const next = adapter === null ? [] : isActive ? [TRY_IT] : [USE, TRY_IT];
  const answer = await vscode.window.showInformationMessage(
    [
      readyText(adapter?.name ?? lastPart(trainingOf(job).settings.data), run.verdict),
      ...(demo ? [DEMO_NOTE] : []),
    ].join(' '),
    ...[OPEN, ...next, ...(demo ? [CHOOSE_BASE] : [])],
  );
  if (answer === CHOOSE_BASE) await chooseRealBase();
  if (answer === OPEN) await panel.show(key);
  if (answer === USE && adapter !== null) await activateFor(app, adapter.id);
  if (answer === TRY_IT && adapter !== null) await panel.tryIt(adapter.id);
}

async function tellDownload(app: App, job: Job): Promise<void> {
  if (job.state === 'failed') {
    const answer = await vscode.window.showErrorMessage(failedText(job), AGAIN);
    if (answer === AGAIN) await app.daemon.call(({ jobs }) => jobs.retry, { job: job.id });
  } else if (job.state === 'succeeded') {
    const answer = await vscode.window.showInformationMessage(downloadedText(job), MODELS);
    if (answer === MODELS) await vscode.commands.executeCommand(`${VIEWS.models}.focus`);
  }
}
