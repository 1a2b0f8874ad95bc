import * as vscode from 'vscode';
import type { Job } from '../../daemon/protocol/jobs.ts';
import { isOver } from '../../daemon/protocol/jobStates.ts';
import { activateFor, activeHere } from '../adapters/active.ts';
import { type App, type Panel, workspaceFolder } from '../app.ts';
import { lastPart, oneLine } from '../text.ts';
import { trainingOf } from '../tuning/training.ts';

/** Says in one notification how a run of this workspace ended, unless the person looks at the panel. */
export function registerRunEnds(app: App, panel: Panel): void {
  const working = new Set<number>();
  app.context.subscriptions.push(
    app.daemon.onJob((job) => {
      if (job.kind !== 'train') return;
      if (!isOver(job.state)) return void working.add(job.id);
      if (!working.delete(job.id) || !isOurs(job) || panel.isInFront()) return;
      tell(app, panel, job).catch((error: unknown) => app.log.info(`the end of job ${job.id}: ${String(error)}`));
    }),
  );
}

/** Jobs of another workspace are told in its window. */
const isOurs = ({ project }: Job): boolean => {
  const folder = workspaceFolder();
  return project === null || folder === undefined || project === lastPart(folder);
};

async function tell(app: App, panel: Panel, job: Job): Promise<void> {
  const open = 'Open';
  const key = `job/${job.id}`;
  if (job.state === 'failed') {
    const why = oneLine(job.error?.message ?? 'the reason is in the log');
    const answer = await vscode.window.showErrorMessage(`${oneLine(job.title)} failed: ${why}`, open);
    if (answer === open) await panel.show(key);
    return;
  }
  if (job.state !== 'succeeded' || job.run === null) return;
  const { run, adapter } = await app.daemon.call(({ runs }) => runs.get, { run: job.run });
  const active = adapter === null || (await activeHere(app))?.id === adapter.id;
  const activate = 'Activate';
  const answer = await vscode.window.showInformationMessage(
    `${oneLine(adapter?.name ?? lastPart(trainingOf(job).settings.data))} is ready. ${run.verdict?.sentence ?? ''}`.trim(),
    open,
    ...(active ? [] : [activate]),
  );
  if (answer === open) await panel.show(key);
  if (answer === activate && adapter !== null) await activateFor(app, adapter.id);
}
