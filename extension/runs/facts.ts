import type { Job } from '../../daemon/protocol/jobs.ts';
import { JOB_STATES } from '../../daemon/protocol/jobStates.ts';
import type { Facts } from '../lists/narrow.ts';
import { clockText, lastPart, oneLine } from '../text.ts';
import { describeJob } from './describe.ts';

const KINDS: Readonly<Record<string, string>> = { train: 'Training', completion: 'Evaluation of completions' };

/** What a job is called: a run as its adapter, any other job by what it does. */
export const jobName = ({ name, title }: Pick<Job, 'name' | 'title'>): string => oneLine(name ?? title);

/** A part of the spec of a job, whose fields differ by kind. */
const text = (value: unknown): string[] => (typeof value === 'string' && value !== '' ? [value] : []);
const settingsOf = ({ spec }: Pick<Job, 'spec'>): Record<string, unknown> =>
  typeof spec['settings'] === 'object' ? (spec['settings'] as Record<string, unknown>) : {};

/** What filters and orders see of a job. Pure. */
export function jobFacts(job: Job): Facts {
  const { base, data, method } = { ...settingsOf(job), ...(job.kind === 'train' ? {} : job.spec) };
  const tags = Array.isArray(job.spec['tags']) ? job.spec['tags'].flatMap(text) : [];
  const bases = text(base).map(lastPart);
  return {
    name: jobName(job),
    texts: [job.title, ...text(base), ...text(data), ...text(method), ...text(job.spec['note']), ...tags],
    facets: {
      kind: [KINDS[job.kind] ?? job.kind[0]!.toUpperCase() + job.kind.slice(1)],
      state: [JOB_STATES[job.state].label],
      project: text(job.project),
      base: bases,
      tag: tags,
    },
    time: job.createdAt,
    loss: job.progress.heldOutLoss ?? job.progress.loss ?? null,
  };
}

/** The text beside the name of a job: since when, and its state. Pure. */
export const besideName = (job: Job, now: number): string =>
  [clockText(job.startedAt ?? job.createdAt, now), describeJob(job)].join(' · ');

/** The lines of its tooltip. Pure. */
export function jobLines(job: Job): string[] {
  const { base, data } = { ...settingsOf(job), ...(job.kind === 'train' ? {} : job.spec) };
  const when = (label: string, time: number | null): string[] =>
    time === null ? [] : [`${label} ${new Date(time).toLocaleString('en-GB')}`];
  return [
    jobName(job),
    ...(job.name === null ? [] : text(data).map((path) => `Data: ${path}`)),
    ...(job.name === null ? [] : text(base).map((path) => `Base model: ${path}`)),
    `Job ${job.id}: ${JOB_STATES[job.state].label.toLowerCase()}, ${describeJob(job)}`,
    ...(job.project === null ? [] : [`Project: ${job.project}`]),
    ...when('Submitted', job.createdAt),
    ...when('Started', job.startedAt),
    ...when('Ended', job.endedAt),
  ].map(oneLine);
}
