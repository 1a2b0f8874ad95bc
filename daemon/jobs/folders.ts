import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { veraHome } from '../home.ts';
import type { JobSpec } from '../protocol/jobs.ts';
import { findKind } from './kinds/registry.ts';
import { clearStaged } from './staged.ts';

/** The folder with the files that a job keeps between its attempts. */
export const jobFolder = (id: number): string => join(veraHome(), 'jobs', String(id));

/** The folder that adapters of the catalog are written into for a job. */
export const adapterFolder = (id: number): string => join(jobFolder(id), 'adapter');

/** Removes the files of a job that is over, except its result. Files that cannot be removed do no harm. */
export function clearJob(id: number, spec: JobSpec): void {
  try {
    const output = findKind(spec.kind)?.output?.(spec);
    if (output !== undefined) clearStaged(output, jobFolder(id));
    rmSync(jobFolder(id), { recursive: true, force: true });
  } catch {
    // a read-only or vanished folder
  }
}
