import { type Command, Option } from 'commander';
import { KINDS } from '../jobs/kinds/registry.ts';
import * as jobs from '../protocol/jobs.ts';
import type { Job } from '../protocol/jobs.ts';
import { bytesText, durationText } from '../protocol/text.ts';
import { messageOf } from './failure.ts';
import { asking, type Common, group } from './group.ts';
import { ownHubToken } from './hubToken.ts';
import { jobResult } from './jobResult.ts';
import { addLimit, type Column, type ListFlags, printFacts, printList, tableOf } from './listing.ts';
import { integer } from './options.ts';
import { plain, print, printJson } from './output.ts';
import { number } from './reference.ts';
import { dateText } from './table.ts';
import { watchJob } from './watchJob.ts';

const HELP = `
Long work runs as a job of the daemon: training, evaluation, merging, importing an adapter, downloading a model. Jobs wait for
memory and for their turn, continue when the terminal is closed, and resume by themselves after a crash. JOB is a number.

Kinds of jobs:
${KINDS.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join('\n')}

Examples:
  $ vera train notes.jsonl --base model --detach
  $ vera jobs follow 7
  $ vera jobs pause 7 && vera jobs resume 7`;

const STATES = jobs.jobState.options;

const COLUMNS: Column<Job>[] = [
  { head: 'job', cell: ({ id }) => String(id), side: 'right' },
  { head: 'state', cell: ({ state }) => state },
  { head: 'progress', cell: progressOf },
  { head: 'priority', cell: ({ priority }) => String(priority), side: 'right' },
  { head: 'project', cell: ({ project }) => project ?? '' },
  { head: 'since', cell: ({ createdAt }) => dateText(createdAt) },
  { head: 'what', cell: ({ title }) => title },
];

interface Filters extends ListFlags {
  state?: jobs.JobState;
  kind?: string;
}

export function registerJobs(program: Command): void {
  const commands = group(program, 'jobs', 'list, follow and control the jobs of the daemon').addHelpText('after', HELP);
  addLimit(commands.command('list').description('list jobs, the newest first'))
    .addOption(new Option('--state <state>', 'only jobs in this state').choices(STATES))
    .addOption(new Option('--kind <kind>', 'only jobs of this kind').choices(KINDS.map(({ name }) => name)))
    .action(
      asking((client, { state, kind, ...flags }: Filters) => {
        const only = {
          ...(state === undefined ? {} : { states: [state] }),
          ...(kind === undefined ? {} : { kinds: [kind] }),
        };
        const none = Object.keys(only).length > 0 ? 'There is no such job' : 'There is no job yet';
        return printList((page) => client.call(jobs.list, { ...page, ...only }), flags, COLUMNS, none);
      }),
    );
  const one = (name: string, description: string): Command =>
    commands.command(name).description(description).argument('<job>', 'number of the job', number);
  one('show', 'show everything about a job').action(
    asking(async (client, { json }: Common, id: number) => {
      const job = await client.call(jobs.get, { job: id });
      if (json) printJson(job);
      else show(job);
    }),
  );
  one('follow', 'print the events of a job from its beginning to its end; Ctrl-C leaves it running').action(
    async (id: number, { json = false }: Common) =>
      watchJob(
        async (client) => ({ job: await client.call(jobs.get, { job: id }), after: 0 }),
        { json, interrupt: 'leave' },
        async ({ result, kind }) => {
          if (!json && kind !== 'train' && result !== null) print(jobResult(result));
        },
      ),
  );
  const change = (
    name: string,
    description: string,
    method: typeof jobs.cancel | typeof jobs.retry,
    more: () => { hubToken?: string } = () => ({}),
  ): Command =>
    one(name, description).action(
      asking(async (client, { json }: Common, id: number) => {
        const job = await client.call(method, { job: id, ...more() });
        if (json) printJson(job);
        else print(`Job ${job.id} is ${job.state}`);
      }),
    );
  change('cancel', 'cancel a job; what it has written stays', jobs.cancel);
  change('pause', 'stop a training job at a checkpoint, or hold a waiting job', jobs.pause);
  change('resume', 'resume a paused job from its checkpoint', jobs.resume);
  change('retry', 'start a failed or cancelled job again, from its checkpoint', jobs.retry, ownHubToken);
  one('delete', 'take a job that is over out of the list; what it made stays').action(
    asking(async (client, { json }: Common, id: number) => {
      await client.call(jobs.remove, { job: id });
      if (json) printJson({});
      else print(`Job ${id} is deleted`);
    }),
  );
  one('priority', 'change the place of a job in the queue')
    .argument('<priority>', 'higher runs first, from -100 to 100', integer(-100, 100))
    .action(
      asking(async (client, { json }: Common, id: number, priority: number) => {
        const job = await client.call(jobs.prioritise, { job: id, priority });
        if (json) printJson(job);
        else print(`Job ${job.id} has priority ${job.priority}`);
      }),
    );
}

function progressOf({ state, progress, waitingFor }: Job): string {
  const { step, steps, text, fraction, secondsLeft } = progress;
  if (state === 'queued') return waitingFor ?? '';
  if (state !== 'running') return step === undefined || steps === undefined ? '' : `step ${step} of ${steps}`;
  return [
    ...(text === undefined ? [] : [text]),
    ...(fraction === undefined ? [] : [`${Math.floor(fraction * 100)} %`]),
    ...(secondsLeft === undefined ? [] : [`${durationText(secondsLeft)} left`]),
  ].join(', ');
}

function show(job: Job): void {
  const { progress, attempts, needs, memoryBytes, result, error, run } = job;
  const date = (time: number | null): string | undefined => (time === null ? undefined : dateText(time));
  printFacts([
    ['job', `${job.id}: ${job.title}`],
    ['state', `${job.state}${job.waitingFor === null ? '' : `, waiting: ${job.waitingFor}`}`],
    ['progress', progressOf({ ...job, waitingFor: null }) || undefined],
    ['loss', progress.loss?.toFixed(4)],
    ['held-out loss', progress.heldOutLoss?.toFixed(4)],
    ['error', error === null ? undefined : messageOf(error)],
    ['priority', String(job.priority)],
    ['user', job.user],
    ['project', job.project ?? 'none'],
    ['run', run === null ? undefined : String(run)],
    ['needs jobs', needs.length === 0 ? undefined : needs.join(', ')],
    ['memory', memoryBytes === null ? undefined : `${bytesText(memoryBytes)} (estimate)`],
    ['submitted', date(job.createdAt)],
    ['started', date(job.startedAt)],
    ['ended', date(job.endedAt)],
    ['result', result === null ? undefined : jobResult(result)],
  ]);
  if (attempts.length === 0) return;
  print();
  print(
    tableOf(attempts, [
      { head: 'attempt', cell: (attempt) => String(attempt.number), side: 'right' },
      { head: 'started', cell: (attempt) => dateText(attempt.startedAt) },
      { head: 'outcome', cell: (attempt) => attempt.outcome ?? 'running' },
      { head: 'reason', cell: (attempt) => plain(attempt.reason ?? '') },
    ]),
  );
}
