import { addExport } from '../../catalog/records.ts';
import type { Change } from '../../catalog/open.ts';
import type { Job } from '../../protocol/jobs.ts';
import { ACTOR, namedAdapter } from '../named.ts';
import type { Json } from '../messages.ts';
import type { Source } from './source.ts';

/** Records in the catalog that a job wrote an adapter to a folder. `kind`: the name of the format. */
export async function recordWritten(
  change: Change,
  job: Pick<Job, 'id' | 'user' | 'project'>,
  { adapter }: Source,
  written: { readonly kind: string; readonly path: string; readonly details: Json },
): Promise<void> {
  // An adapter that was deleted in the meantime has no number.
  const named = adapter === undefined ? undefined : namedAdapter(change.db, adapter, job).catch(() => undefined);
  await addExport(change, { adapterId: (await named) ?? null, jobId: job.id, ...written, actor: ACTOR });
}
