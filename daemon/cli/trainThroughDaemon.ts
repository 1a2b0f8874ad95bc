import { quote } from '../formats/quote.ts';
import type { TrainSpec } from '../jobs/kinds/train.ts';
import * as adapters from '../protocol/adapters.ts';
import { VeraError } from '../protocol/errors.ts';
import * as jobs from '../protocol/jobs.ts';
import type { Job } from '../protocol/jobs.ts';
import { isResting } from '../protocol/jobStates.ts';
import * as runs from '../protocol/runs.ts';
import { MAX_PAGE } from '../protocol/values.ts';
import { isOwnFolder } from '../train/folder.ts';
import type { GivenRun, TrainSettings } from '../train/settings.ts';
import { adapterText } from './adapterNames.ts';
import { type Beginning, submitJob } from './follow.ts';
import { ownHubToken } from './hubToken.ts';
import { print, printJson } from './output.ts';
import { isPath, ownerOf, reference, userOf } from './reference.ts';
import { watchJob } from './watchJob.ts';
import { type Client, withDaemon } from './withDaemon.ts';

/** Options of the job and its adapter. */
export interface JobFlags {
  name?: string;
  note?: string;
  tag?: string[];
  project?: string;
  user?: string;
  activate?: boolean;
  priority?: number;
  detach?: boolean;
}

/** Settings of a new run, or of one that is resumed in the folder `resume`; `changed` if some have new values. */
interface Wanted {
  given: GivenRun;
  resume?: string;
  changed?: boolean;
}

/** Trains as a job of the daemon, and follows the job. */
export async function trainThroughDaemon(wanted: Wanted, flags: JobFlags, json: boolean): Promise<void> {
  const begin = (client: Client): Promise<Beginning> => beginning(client, wanted, flags);
  if (flags.detach) {
    await withDaemon(async (client) => {
      const { job, go } = await begin(client);
      await go?.();
      if (json) printJson(job);
      else print(`Job ${job.id}: ${job.title}\nWatch it with: vera jobs follow ${job.id}`);
    });
    return;
  }
  const announced = async (client: Client): Promise<Beginning> => {
    const found = await begin(client);
    if (!json) print(`Job ${found.job.id}: ${found.job.title}`);
    return found;
  };
  await watchJob(announced, { json, interrupt: 'ask' }, async ({ result }, client) => {
    const id = result?.['adapter'];
    if (json || typeof id !== 'number') return;
    const adapter = await client.call(adapters.get, { adapter: id });
    print(`In the catalog: ${adapterText(adapter)}${flags.activate === true ? ', active' : ''}`);
  });
}

/** The job to follow: a new one, or the one that was stopped in that folder. */
async function beginning(client: Client, wanted: Wanted, flags: JobFlags): Promise<Beginning> {
  const { resume, changed = false } = wanted;
  const before = resume === undefined ? undefined : await jobIn(client, resume);
  if (before !== undefined) {
    const { job, own } = before;
    if (!isResting(job.state))
      throw new VeraError('conflict', `job ${job.id} trains in ${quote(resume!)}: vera jobs follow ${job.id}`);
    const same = !changed && own && Object.keys(flags).every((name) => name === 'detach');
    if (same && job.state !== 'succeeded') return goOn(client, job);
    // Otherwise both could train in this folder.
    if (job.state === 'paused') await client.call(jobs.cancel, { job: job.id });
  }
  return submitted(client, wanted, flags);
}

/** The newest training job in a folder, and whether the run there is still its own. */
async function jobIn(client: Client, out: string): Promise<{ job: Job; own: boolean } | undefined> {
  const { items } = await client.call(runs.list, { out, limit: MAX_PAGE });
  const found = items.find((run) => run.job !== null);
  if (found === undefined) return undefined;
  const job = await client.call(jobs.get, { job: found.job! });
  return { job, own: isOwnFolder(found.settings as unknown as TrainSettings) };
}

/** Resumes a stopped job, to be followed from there on. */
function goOn(client: Client, job: Job): Beginning {
  const which = { job: job.id };
  const go = (): Promise<Job> =>
    job.state === 'paused' ? client.call(jobs.resume, which) : client.call(jobs.retry, { ...which, ...ownHubToken() });
  return { job, after: undefined, go };
}

async function submitted(client: Client, { given, resume }: Wanted, flags: JobFlags): Promise<Beginning> {
  const { name, note, tag, project, user, activate, priority } = flags;
  const spec: TrainSpec = {
    kind: 'train',
    // JSON leaves out what is undefined.
    settings: JSON.parse(JSON.stringify(given)) as TrainSpec['settings'],
    ...(name === undefined ? {} : { name }),
    ...(note === undefined ? {} : { note }),
    ...(tag === undefined ? {} : { tags: tag }),
    ...(resume === undefined ? {} : { resume: true }),
    ...(activate === undefined ? {} : { activate }),
  };
  if (project !== undefined && !isPath(project)) await refuseNoProject(client, project);
  return submitJob(client, {
    spec,
    ...userOf(user),
    ...ownerOf(project),
    ...(priority === undefined ? {} : { priority }),
  });
}

/** A name that is no project yet is refused: a typing error would create a project. */
async function refuseNoProject(client: Client, project: string): Promise<void> {
  await client.call(adapters.list, { project: reference(project), limit: 1 }).catch((error: unknown) => {
    if (!(error instanceof VeraError) || error.code !== 'missing') throw error;
    throw new VeraError('missing', `${error.message}: create it with vera projects create NAME`, { cause: error });
  });
}
