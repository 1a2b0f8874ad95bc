import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { type AdapterContent, choose } from '../../catalog/adapters.ts';
import { jobOwner } from '../../catalog/jobs.ts';
import { nameFrom } from '../../catalog/names.ts';
import { freeRunName } from '../../catalog/runNames.ts';
import { readRates } from '../../catalog/rates.ts';
import type { Db } from '../../catalog/schema.ts';
import { createRun, describeRun, finishRun, jobTrainingIn, readRun } from '../../catalog/runs.ts';
import { quote } from '../../formats/quote.ts';
import { runsFolder } from '../../home.ts';
import { METHODS } from '../../methods/registry.ts';
import { VeraError } from '../../protocol/errors.ts';
import type { MachineRates } from '../../protocol/plans.ts';
import { trainSettings } from '../../protocol/training.ts';
import { ref } from '../../protocol/values.ts';
import type { RunEventOf } from '../../protocol/runEvents.ts';
import { isOwnFolder, metricsFile, refuseOutput } from '../../train/folder.ts';
import type { Prepared } from '../../train/prepare.ts';
import { completeSettings, type GivenSettings, storedSettings, type TrainSettings } from '../../train/settings.ts';
import type { Opened, Outcome } from '../messages.ts';
import { ACTOR, namedAdapter } from '../named.ts';
import { baseOf, contentOf } from './content.ts';
import { defineKind } from './kind.ts';
import { labels, takeAdapter } from './taken.ts';

const spec = z.strictObject({
  kind: z.literal('train'),
  settings: trainSettings,
  ...labels,
  /** Resume the run in `settings.out`. */
  resume: z.boolean().optional(),
  /** The adapter this one succeeds. */
  parent: ref.optional(),
  /** Make the new adapter the active one of the job's user and project. */
  activate: z.boolean().optional(),
});
export type TrainSpec = z.infer<typeof spec>;

interface Task {
  readonly settings: TrainSettings;
  /** What is known of the speed of this machine. */
  readonly rates: readonly MachineRates[];
  /** Resume the run in the output folder, whoever began it. */
  readonly resume: boolean;
  /** Continue from what an earlier attempt of this job left, if anything. */
  readonly again: boolean;
}

interface Made extends Outcome {
  readonly result: Omit<RunEventOf<'done'>, 'event' | 'adapter'> & { readonly dir: string };
  /** Absent if the method trains all weights. */
  readonly adapter: AdapterContent | undefined;
  readonly report: RunEventOf<'report'> | undefined;
}

/** The checkpoints are in the run's folder, and another attempt continues from the newest. */
export const train = defineKind<TrainSpec, Task, Made>({
  ...{ name: 'train', summary: 'trains an adapter', spec },
  ...{ computes: true, pauses: true, adapters: ['parent'] },

  // The catalog puts the name of the run, as it is now, in place of this.
  title: ({ name, settings: { data } }) => `Train ${name ?? basename(data)}`,

  check({ settings, resume }, { isMissing }) {
    if (isMissing(settings.data)) throw new VeraError('data', `${quote(settings.data)} is not there`);
    if (resume && settings.out === undefined)
      throw new VeraError('usage', 'resume continues the run in a folder: give settings.out');
    settingsOf({ settings, resume }, settings.out ?? runsFolder());
    if (settings.out !== undefined && !resume) refuseOutput(settings.out);
  },

  async submitted(change, { id, spec: asked, ...owner }) {
    const { out: given } = asked.settings;
    if (given !== undefined) await refuseSameFolder(change.db, given);
    const run = await createRun(change, { jobId: id, ...owner, settings: {}, out: given ?? '' });
    const out = given ?? freshFolder(run);
    await describeRun(change, run, { settings: settingsOf(asked, out), out });
    const wanted = asked.name ?? standardName(id, asked);
    const name = await freeRunName(change.db, wanted, { run, projectId: owner.projectId });
    return { ...asked, name, settings: { ...asked.settings, out } };
  },

  async task(asked, { db, job }) {
    if (job === undefined) {
      const settings = settingsOf(asked, asked.settings.out ?? runsFolder());
      return { settings, rates: [], resume: false, again: false };
    }
    if (job.run === null)
      throw new VeraError('catalog', `the run of job ${job.id} is gone from the catalog: submit it again`);
    const settings = storedSettings((await readRun(db, job.run)).settings as unknown as GivenSettings);
    const rates = await readRates(db);
    return { settings, rates, resume: asked.resume === true, again: job.attempts.length > 0 };
  },

  async estimate({ settings }, options) {
    const { planTraining } = await import('../../train/plan.ts');
    const { memory, ...details } = await planTraining(settings, options);
    return { memoryBytes: memory.total, details: { ...details, memory } };
  },

  async run({ settings, rates, resume: asked, again }, { emit, opened, metrics, stopped }) {
    const { readMetrics } = await import('../../train/metrics.ts');
    const { train: trainNow } = await import('../../train/run.ts');
    const resume = asked || (again && isOwnFolder(settings));
    if (!resume) refuseOutput(settings.out);
    let adapter: AdapterContent | undefined;
    let report: RunEventOf<'report'> | undefined;
    const done = await trainNow(settings, {
      ...{ stopped, resume, rates },
      since: 0, // the process was started for this run
      emit: (event) => {
        // The daemon may have died before it wrote steps, or the first evaluation, that the checkpoint has.
        if (event.event === 'start') {
          const lines = readMetrics(metricsFile(settings.out));
          for (let i = 0; i < lines.length; i += LINES) metrics(lines.slice(i, i + LINES));
        }
        if (event.event === 'report') report = event;
        emit(event);
      },
      onPrepared: (prepared) => opened(openedOf(prepared)),
      onAdapter: (trained, { base }) => (adapter = contentOf(trained, base, settings.base)),
    });
    if (done === undefined) return undefined;
    const { event: _, adapter: dir, ...figures } = done;
    return { result: { dir, ...figures }, adapter, report };
  },

  async commit(change, job, { result, adapter, report }) {
    const { spec: asked } = job;
    const losses = { train: result.trainLoss, heldOut: result.evalLoss, baseHeldOut: result.baseEvalLoss };
    const run = job.run === null ? undefined : await readRun(change.db, job.run);
    const parentId = asked.parent === undefined ? null : await namedAdapter(change.db, asked.parent, job);
    const origin = { runId: run?.id, datasetId: run?.dataset?.id, parentId, losses };
    const row = adapter && (await takeAdapter(change, job, adapter, asked, standardName(job.id, asked), origin));
    if (row !== undefined && asked.activate) {
      const { userId, projectId } = await jobOwner(change.db, job.id);
      await choose(change, userId, projectId ?? 0, row.id, ACTOR);
    }
    if (run !== undefined)
      await finishRun(change, run.id, {
        ...{ state: 'succeeded', trainLoss: losses.train, heldOutLoss: losses.heldOut },
        ...{ baseHeldOutLoss: losses.baseHeldOut },
        report: { report: report ?? null, done: { event: 'done', adapter: result.dir, ...result } },
      });
    return row === undefined ? {} : { adapter: row.id, name: row.name };
  },
});

/** The complete settings of a spec. A run that is resumed has complete ones already. Throws VeraError 'usage'. */
function settingsOf({ settings, resume }: Pick<TrainSpec, 'settings' | 'resume'>, out: string): TrainSettings {
  const given = { ...settings, out } as GivenSettings;
  return resume ? storedSettings(given) : completeSettings(given);
}

/** Two runs in one folder would write each other's checkpoints. */
async function refuseSameFolder(db: Db, out: string): Promise<void> {
  const other = await jobTrainingIn(db, out);
  if (other !== undefined)
    throw new VeraError('conflict', `job ${other} trains in ${quote(out)}: choose another folder, or cancel it first`);
}

function freshFolder(run: number): string {
  for (let i = 1; ; i++) {
    const folder = join(runsFolder(), i === 1 ? String(run) : `${run}-${i}`);
    if (!existsSync(folder)) return folder;
  }
}

/** The name of an adapter that was given none: its data and its method. */
function standardName(id: number, { settings }: TrainSpec): string {
  const { data, method = METHODS[0]!.name } = settings;
  return nameFrom(`${basename(data).replace(/\.[^.]*$/, '')}-${String(method)}`, `adapter-${id}`);
}

const LINES = 2000; // of one message

const openedOf = ({ base, dataset, settings }: Prepared): Opened => ({
  base: baseOf(base, settings.base),
  dataset: {
    hash: dataset.hash,
    path: settings.data,
    format: dataset.format,
    rows: dataset.rows + dataset.heldOutRows,
  },
});
