import type { CancellationToken, Progress } from 'vscode';
import type { Job } from '../../daemon/protocol/jobs.ts';
import { isOver } from '../../daemon/protocol/jobStates.ts';
import type { DaemonLink } from '../daemon/link.ts';
import { oneLine, percentText } from '../text.ts';
import { fractionOf } from './describe.ts';

/** Waits for the end of a job and shows its progress. undefined: it was cancelled. Throws the reason if it failed. */
export async function waitForJob(
  daemon: DaemonLink,
  { id }: Job,
  progress: Progress<{ message?: string; increment?: number }>,
  token: CancellationToken,
): Promise<Job | undefined> {
  const subscriptions: { dispose(): void }[] = [];
  let told = 0;
  try {
    const job = await new Promise<Job>((resolve, reject) => {
      const look = (now: Job): void => {
        if (now.id !== id) return;
        const fraction = fractionOf(now) ?? 0;
        const message = now.progress.text ?? now.waitingFor ?? undefined;
        progress.report({
          ...(message === undefined
            ? {}
            : { message: `${oneLine(message)} ${fraction > 0 ? percentText(fraction) : ''}` }),
          increment: 100 * Math.max(0, fraction - told),
        });
        told = Math.max(told, fraction);
        if (isOver(now.state)) resolve(now);
      };
      const ask = (): void => void daemon.call(({ jobs }) => jobs.get, { job: id }).then(look, reject);
      subscriptions.push(
        daemon.onJob(look),
        daemon.onRefresh(ask),
        token.onCancellationRequested(
          () => void daemon.call(({ jobs }) => jobs.cancel, { job: id }).then(look, reject),
        ),
      );
      // The job may have ended before this subscribed to it.
      ask();
    });
    if (job.state === 'failed') throw new Error(job.error?.message ?? `${job.title} failed`);
    return job.state === 'succeeded' ? job : undefined;
  } finally {
    for (const one of subscriptions) one.dispose();
  }
}
