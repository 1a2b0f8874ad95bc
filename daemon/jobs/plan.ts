import type { Catalog } from '../catalog/open.ts';
import { errorOfFacts, VeraError } from '../protocol/errors.ts';
import type { JobSpec } from '../protocol/jobs.ts';
import type { Estimate } from './messages.ts';
import { checkSpec } from './submit.ts';
import { withPlanTask } from './task.ts';
import { startWorker, type WatchOptions } from './workerProcess.ts';

/** The plan of a job that is not submitted (yet), made by a worker of its own. Throws what the job would fail with at once. */
export function estimateOf(catalog: Catalog, given: JobSpec, watch: WatchOptions): Promise<Estimate> {
  const spec = checkSpec(given);
  return withPlanTask(catalog, spec, async (task) => {
    let estimate: Estimate | undefined;
    const worker = startWorker(
      { type: 'start', task, folder: null, estimate: true, measure: true },
      (message) => {
        if (message.type !== 'estimate') return;
        estimate = message.estimate;
        worker.go();
      },
      watch,
    );
    const ended = await worker.ended;
    if (estimate) return estimate;
    if (ended.how === 'error') throw errorOfFacts(ended.error);
    const reason = ended.how === 'crashed' ? ended.reason : 'its process was asked to end';
    throw new VeraError('runtime', `the plan could not be made: ${reason}`);
  });
}
