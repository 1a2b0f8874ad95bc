import { addAdapter, type AdapterContent } from '../../catalog/adapters.ts';
import { jobOwner } from '../../catalog/jobs.ts';
import type { Change } from '../../catalog/open.ts';
import type { AdapterRow } from '../../protocol/adapters.ts';
import type { Job } from '../../protocol/jobs.ts';
import { name, note, tags } from '../../protocol/values.ts';
import { ACTOR } from '../named.ts';

/** Fields of a spec with the name, note and tags of a new adapter. */
export const labels = { name: name.optional(), note: note.optional(), tags: tags.optional() };
interface Labels {
  readonly name?: string | undefined;
  readonly note?: string | undefined;
  readonly tags?: readonly string[] | undefined;
}

/** The origin of a new adapter, as far as it is known. */
type Origin = Partial<Pick<Parameters<typeof addAdapter>[2], 'runId' | 'datasetId' | 'parentId' | 'losses'>>;

/** Adds the adapter that a job made to the catalog. `standard`: its name if none was given. */
export async function takeAdapter(
  change: Change,
  job: Pick<Job, 'id'>,
  adapter: AdapterContent,
  { name: given, note: text, tags: words }: Labels,
  standard: string,
  origin: Origin = {},
): Promise<AdapterRow> {
  const { userId, projectId } = await jobOwner(change.db, job.id);
  return addAdapter(change, adapter, {
    ...{ name: given ?? standard, unique: 'suffix', actor: ACTOR, userId, projectId, note: text, tags: words },
    ...origin,
  });
}
