import type { Command } from 'commander';
import * as runs from '../protocol/runs.ts';
import { figureText, wholeText } from '../protocol/text.ts';
import { factsOfMetric, METRIC_NAMES } from '../protocol/metrics.ts';
import type { Metric } from '../protocol/metrics.ts';
import type { RunRow } from '../protocol/runs.ts';
import { adapterText } from './adapterNames.ts';
import { deleteAsking } from './deletion.ts';
import { asking, type Common, group } from './group.ts';
import { addLimit, type Column, type ListFlags, printFacts, printList } from './listing.ts';
import { print, printJson } from './output.ts';
import { label, number, projectOf, userOf } from './reference.ts';
import { dateText } from './table.ts';
import type { Client } from './withDaemon.ts';

const HELP = `
A run is the record of a training job: every setting, every step and evaluation, and its adapter. RUN is a number.

Examples:
  $ vera runs list --project notes
  $ vera runs metrics 3 --json > metrics.jsonl`;

const loss = (value: number | null): string => (value === null ? '' : value.toFixed(4));

const COLUMNS: Column<RunRow>[] = [
  { head: 'run', cell: ({ id }) => String(id), side: 'right' },
  { head: 'state', cell: ({ state }) => state },
  { head: 'steps', cell: ({ step, steps }) => (steps === null ? String(step) : `${step}/${steps}`), side: 'right' },
  { head: 'loss', cell: ({ trainLoss }) => loss(trainLoss), side: 'right' },
  { head: 'held-out', cell: ({ heldOutLoss }) => loss(heldOutLoss), side: 'right' },
  { head: 'before', cell: ({ baseHeldOutLoss }) => loss(baseHeldOutLoss), side: 'right' },
  { head: 'adapter', cell: ({ adapter }) => (adapter === null ? '' : String(adapter)), side: 'right' },
  { head: 'project', cell: ({ project }) => project ?? '' },
  { head: 'started', cell: ({ createdAt }) => dateText(createdAt) },
  { head: 'data', cell: ({ dataset, settings }) => dataset?.path ?? (typeof settings['data'] === 'string' ? settings['data'] : '') }, // prettier-ignore
];

interface Filters extends ListFlags {
  project?: string;
  user?: string;
  deleted?: boolean;
}

export function registerRuns(program: Command): void {
  const commands = group(program, 'runs', 'list and inspect training runs, with every setting and figure').addHelpText(
    'after',
    HELP,
  );
  addLimit(commands.command('list').description('list runs, the newest first'))
    .option('--project <project>', 'only runs of a project: its name, number, or a folder such as ./folder')
    .option('--user <user>', 'only runs of a user: name or number')
    .option('--deleted', 'list the trash')
    .action(
      asking(async (client, { project, user, deleted = false, ...flags }: Filters) => {
        const only = { ...(await projectOf(client, project)), ...userOf(user) };
        const none = deleted
          ? 'No such run is in the trash'
          : Object.keys(only).length > 0
            ? 'There is no such run'
            : 'There is no run yet';
        await printList((page) => client.call(runs.list, { ...page, ...only, deleted }), flags, COLUMNS, none);
      }),
    );
  const one = (name: string, description: string): Command =>
    commands.command(name).description(description).argument('<run>', 'number of the run', number);
  one('show', 'show everything about a run').action(asking(show));
  one('metrics', 'print the figures of every step and evaluation').action(asking(metrics));
  one('rename', 'rename a run: its adapter, or the adapter that it will make')
    .argument('<name>', 'the new name', label)
    .action(
      asking(async (client, { json }: Common, id: number, name: string) => {
        const run = await client.call(runs.update, { run: id, name });
        if (json) printJson(run);
        else print(`Run ${run.id} is now called ${name}`);
      }),
    );
  one('delete', 'move a run to the trash for thirty days')
    .option('--yes', 'do not ask, even if adapters came from it; they stay')
    .action(
      asking((client, flags: Common & { yes?: boolean }, run: number) =>
        deleteAsking(
          `run ${run}`,
          flags,
          (confirm) => client.call(runs.remove, { run, confirm }),
          () => `vera runs restore ${run}`,
        ),
      ),
    );
  one('restore', 'restore a run from the trash').action(
    asking(async (client, { json }: Common, id: number) => {
      const run = await client.call(runs.restore, { run: id });
      if (json) printJson(run);
      else print(`Run ${run.id} is restored`);
    }),
  );
}

async function show(client: Client, { json }: Common, id: number): Promise<void> {
  const { run, adapter } = await client.call(runs.get, { run: id });
  if (json) {
    printJson({ run, adapter });
    return;
  }
  printFacts([
    ['run', String(run.id)],
    ['state', run.state],
    ['job', run.job === null ? undefined : String(run.job)],
    ['steps', run.steps === null ? String(run.step) : `${run.step} of ${run.steps}`],
    ['training loss', loss(run.trainLoss) || undefined],
    [
      'held-out loss',
      run.heldOutLoss === null ? undefined : `${loss(run.heldOutLoss)}, before training ${loss(run.baseHeldOutLoss)}`,
    ],
    ['result', run.verdict?.sentence],
    ['adapter', adapter === null ? undefined : adapterText(adapter)],
    ['base', run.base?.name],
    ['data', run.dataset?.path],
    ['folder', run.out],
    ['user', run.user],
    ['project', run.project ?? 'none'],
    ['started', dateText(run.createdAt)],
    ['ended', run.endedAt === null ? undefined : dateText(run.endedAt)],
    ['in the trash since', run.deletedAt === null ? undefined : dateText(run.deletedAt)],
  ]);
  print();
  print('Settings:');
  printFacts(Object.entries(run.settings).map(([name, value]) => [`  ${name}`, typeof value === 'string' ? value : JSON.stringify(value)])); // prettier-ignore
}

const METRICS: Column<Metric>[] = [
  { head: 'step', cell: ({ step }) => String(step), side: 'right' },
  ...METRIC_NAMES.map((name): Column<Metric> => {
    const { label, digits } = factsOfMetric(name);
    const text = digits === 'whole' ? wholeText : figureText;
    return {
      head: label.toLowerCase(),
      cell: ({ [name]: value }) => (value === null ? '' : text(value)),
      side: 'right',
    };
  }),
];

async function metrics(client: Client, { json }: Common, run: number): Promise<void> {
  // A page of metrics continues after a step; a page of a list continues after a text.
  const page = async ({ after }: { after?: string }): Promise<{ items: Metric[]; next?: string }> => {
    const found = await client.call(runs.metrics, { run, ...(after === undefined ? {} : { after: Number(after) }) });
    const last = found.metrics.at(-1);
    return { items: found.metrics, ...(found.more && last !== undefined ? { next: String(last.step) } : {}) };
  };
  await printList(page, { limit: 0, ...(json === undefined ? {} : { json }) }, METRICS, 'This run has no step yet');
}
