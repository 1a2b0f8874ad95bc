import { findAdapter } from '../catalog/adapters.ts';
import { findUser } from '../catalog/owners.ts';
import type { Db } from '../catalog/schema.ts';
import type { Job } from '../protocol/jobs.ts';

/** Who is said to have made what a job makes. */
export const ACTOR = 'daemon';

/** The number of an adapter that a job names, which prefers those of its user and project. Throws VeraError 'missing' or 'conflict'. */
export async function namedAdapter(
  db: Db,
  adapter: number | string,
  { user, project }: Partial<Pick<Job, 'user' | 'project'>> = {},
): Promise<number> {
  const prefer = user === undefined ? undefined : await findUser(db, user).catch(() => undefined);
  return findAdapter(db, { adapter, ...(project == null ? {} : { project }) }, prefer);
}
