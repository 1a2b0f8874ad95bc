import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Catalog } from '../catalog/open.ts';
import { veraHome } from '../home.ts';
import type { Job, JobSpec } from '../protocol/jobs.ts';
import { adapterFolder } from './folders.ts';
import { kindNamed } from './kinds/registry.ts';
import type { Task } from './messages.ts';
import { namedAdapter } from './named.ts';
import { saveStored } from './stored.ts';

/** What a worker has to do for a job. An adapter of the catalog is written into a folder for it. */
export async function taskOf(catalog: Catalog, job: Job): Promise<Task> {
  const folder = adapterFolder(job.id);
  rmSync(folder, { recursive: true, force: true });
  const stored = storing(catalog, folder, (adapter) => namedAdapter(catalog.db, adapter, job));
  return { kind: job.kind, task: await kindNamed(job.kind).task(job.spec, { db: catalog.db, job, stored }) };
}

/** Writes adapters of the catalog into numbered folders in `folder`. */
function storing(
  catalog: Catalog,
  folder: string,
  find: (adapter: number | string) => Promise<number>,
): (adapter: number | string) => Promise<string> {
  let count = 0;
  return async (adapter) => {
    const dir = join(folder, String(count++));
    await saveStored(catalog, await find(adapter), dir, { projection: false });
    return dir;
  };
}

let plans = 0;

/** The task of a spec that is not submitted (yet), for a plan. `clear` removes what was written for it. Throws VeraError. */
export async function planTask(catalog: Catalog, spec: JobSpec): Promise<{ task: Task; clear: () => void }> {
  const folder = join(veraHome(), 'jobs', `plan-${process.pid}-${++plans}`);
  const stored = storing(catalog, folder, (adapter) => namedAdapter(catalog.db, adapter));
  const clear = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const task = await kindNamed(spec.kind).task(spec, { db: catalog.db, job: undefined, stored });
    return { task: { kind: spec.kind, task }, clear };
  } catch (error) {
    clear();
    throw error;
  }
}
