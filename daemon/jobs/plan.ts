import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { errorOfFacts, VeraError } from '../protocol/errors.ts';
import type { Catalog } from '../catalog/open.ts';
import { runsFolder, veraHome } from '../home.ts';
import type { JobSpec } from '../protocol/jobs.ts';
import type { Estimate } from './messages.ts';
import { saveStored } from './stored.ts';
import { checkSpec } from './submit.ts';
import { namedAdapter, plainTask, settingsOf } from './task.ts';
import { startWorker, type WatchOptions } from './workerProcess.ts';

let planned = 0;

/** The preflight of a job that is not submitted (yet), by a worker of its own. Throws what the job would fail with at once. */
export async function estimateOf(catalog: Catalog, spec: JobSpec, watch: WatchOptions): Promise<Estimate> {
  checkSpec(spec);
  const folder = join(veraHome(), 'jobs', `plan-${process.pid}-${++planned}`);
  try {
    const adapter = await namedAdapter(catalog.db, spec, {});
    if (adapter !== undefined) await saveStored(catalog, adapter, folder, { projection: false });
    const task =
      spec.kind === 'train'
        ? ({
            kind: 'train',
            settings: settingsOf(spec, spec.settings.out ?? runsFolder()),
            resume: false,
            again: false,
          } as const)
        : plainTask(spec, adapter === undefined ? undefined : folder);
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
    throw new VeraError(
      'runtime',
      `the estimate came to nothing: ${ended.how === 'crashed' ? ended.reason : ended.how}`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
