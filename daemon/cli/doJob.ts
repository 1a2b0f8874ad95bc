import type { z } from 'zod';
import { errorOfFacts, VeraError } from '../protocol/errors.ts';
import * as jobs from '../protocol/jobs.ts';
import type { Job } from '../protocol/jobs.ts';
import { showProgress } from './adapter.ts';
import { followJob, submitJob } from './follow.ts';
import { explainMissing } from './reference.ts';

/** Runs a job in the daemon and returns its result. Ctrl-C cancels it. Throws the error of a job that failed. */
export async function doJob(params: z.input<typeof jobs.submit.params>): Promise<Record<string, unknown>> {
  const watcher = { job: showJob, worker: () => undefined, skipped: () => undefined };
  return followJob(
    (client) =>
      submitJob(client, params).catch((error: unknown) => {
        const { spec } = params;
        throw 'adapter' in spec && typeof spec.adapter === 'string' ? explainMissing(error, spec.adapter) : error;
      }),
    () => watcher,
    async (rested, { id }, client) => {
      const cancel = (): void => {
        // If it ended meanwhile, its result is shown.
        client.call(jobs.cancel, { job: id }).catch(() => undefined);
      };
      process.on('SIGINT', cancel).on('SIGTERM', cancel);
      try {
        return resultOf(await rested);
      } finally {
        process.off('SIGINT', cancel).off('SIGTERM', cancel);
        showProgress('', 1);
      }
    },
  );
}

function showJob({ state, waitingFor, progress: { text, fraction } }: Job): void {
  if (state === 'queued') showProgress(waitingFor === null ? 'waiting for its turn' : `waiting: ${waitingFor}`, 0);
  else if (text !== undefined && fraction !== undefined) showProgress(text, fraction);
}

function resultOf({ id, state, error, result }: Job): Record<string, unknown> {
  if (state === 'succeeded') return result ?? {};
  if (state === 'cancelled') throw new DOMException('cancelled', 'AbortError');
  throw error === null
    ? new VeraError('runtime', `job ${id} is ${state}: see vera jobs show ${id}`)
    : errorOfFacts(error);
}
