import { rmSync } from 'node:fs';
import { findAdapter } from '../catalog/adapters.ts';
import { findUser } from '../catalog/owners.ts';
import type { Catalog, Db } from '../catalog/open.ts';
import { readRun } from '../catalog/runs.ts';
import { exportFormat } from '../export/formats/registry.ts';
import { exportOptionsOf } from '../export/writeExport.ts';
import { VeraError } from '../protocol/errors.ts';
import type { Job, JobSpec } from '../protocol/jobs.ts';
import type { SettingValues } from '../settings/setting.ts';
import { completeSettings, type GivenSettings, storedSettings, type TrainSettings } from '../train/settings.ts';
import { completeEvaluation } from '../train/evaluateSettings.ts';
import { adapterFolder } from './folders.ts';
import type { Task } from './messages.ts';
import { saveStored } from './stored.ts';

type SpecOf<K extends JobSpec['kind']> = Extract<JobSpec, { kind: K }>;

/** The complete settings of a training spec; a run that is gone on with has complete ones already. Throws VeraError 'usage'. */
export function settingsOf({ settings, resume }: SpecOf<'train'>, out: string): TrainSettings {
  const given = { ...settings, out } as GivenSettings;
  return resume ? storedSettings(given) : completeSettings(given);
}

/** The adapter of the catalog that a spec names; undefined where it names none. Throws VeraError 'missing' or 'conflict'. */
export async function namedAdapter(
  db: Db,
  spec: JobSpec,
  { user, project }: { user?: string | undefined; project?: string | null | undefined },
): Promise<number | undefined> {
  if (!('adapter' in spec) || spec.adapter === undefined) return undefined;
  const prefer = user === undefined ? undefined : await findUser(db, user).catch(() => undefined);
  return findAdapter(db, { adapter: spec.adapter, ...(project == null ? {} : { project }) }, prefer);
}

/** What a worker has to do for a job; an adapter of the catalog is put into a folder for it. */
export async function taskOf(catalog: Catalog, job: Job): Promise<Task> {
  const { spec } = job;
  if (spec.kind === 'train') {
    if (job.run === null)
      throw new VeraError('catalog', `the run of job ${job.id} is gone from the catalog: submit it again`);
    const settings = storedSettings((await readRun(catalog.db, job.run)).settings as unknown as GivenSettings);
    return { kind: 'train', settings, resume: spec.resume === true, again: job.attempts.length > 0 };
  }
  const id = await namedAdapter(catalog.db, spec, job);
  const folder = adapterFolder(job.id);
  if (id !== undefined) {
    rmSync(folder, { recursive: true, force: true });
    await saveStored(catalog, id, folder, { projection: false });
  }
  return plainTask(spec, id === undefined ? undefined : folder);
}

/** The task of a spec whose adapter, if it has one of the catalog, is in a folder. */
export function plainTask(spec: JobSpec, folder: string | undefined): Task {
  if (spec.kind === 'train')
    return { kind: 'train', settings: settingsOf(spec, spec.settings.out ?? ''), resume: false, again: false };
  if (spec.kind === 'import') return { kind: 'import', dir: spec.dir, ...baseOf(spec) };
  if (spec.kind === 'download') return { kind: 'download', base: spec.base };
  const adapter = folder ?? spec.adapterDir;
  if (spec.kind === 'evaluate') {
    const { kind, data, base: _, adapter: __, adapterDir: ___, ...settings } = spec;
    const source = { ...baseOf(spec), ...(adapter === undefined ? {} : { adapter }) };
    return { kind, request: { data, ...source, settings: completeEvaluation(settings) } };
  }
  if (adapter === undefined) throw new VeraError('usage', 'say which adapter: give adapter, or adapterDir');
  if (spec.kind === 'merge') return { kind: 'merge', adapter, out: spec.out, ...baseOf(spec) };
  const { kind, format, out } = spec;
  return { kind, adapter, format, options: exportOptions(spec), out, ...baseOf(spec) };
}

const baseOf = ({ base }: { base?: string | undefined }): { base?: string } => (base === undefined ? {} : { base });

/** The options of an export, complete. Throws VeraError 'usage' for an unknown format or option. */
export function exportOptions({ format, options, projection }: SpecOf<'export'>): SettingValues {
  const older = projection === undefined ? {} : { projection };
  return exportOptionsOf(exportFormat(format), { ...older, ...options });
}
