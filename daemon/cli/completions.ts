import type { Command } from 'commander';
import { VeraError } from '../protocol/errors.ts';
import * as completions from '../protocol/completions.ts';
import type { CompletionCounts, CompletionRow, CompletionText } from '../protocol/completions.ts';
import { durationText, wholeText } from '../protocol/text.ts';
import { yesTo } from './deletion.ts';
import { asking, type Common, group } from './group.ts';
import { addLimit, type Column, type ListFlags, printList, tableOf } from './listing.ts';
import { positiveInteger } from './options.ts';
import { print, printJson } from './output.ts';
import { projectOf, reference, userOf } from './reference.ts';
import { dateText } from './table.ts';
import type { Client } from './withDaemon.ts';

const HELP = `
Counts say what became of inline completions in the editor: how many were shown, accepted, accepted in part, and how many of the
accepted characters were still there ten minutes later. Counts and texts stay on this machine. Texts are stored only if the editor's
setting for it is on. An adapter that is deleted for good takes its counts and texts with it.

Examples:
  $ vera completions
  $ vera completions summary --adapter notes --by day --days 30
  $ vera completions forget --yes`;

interface Whose extends Common {
  adapter?: string;
  project?: string;
  user?: string;
}

const whoseOf = async (client: Client, { adapter, project, user }: Whose) => ({
  ...(adapter === undefined ? {} : { adapter: reference(adapter) }),
  ...(await projectOf(client, project)),
  ...userOf(user),
});

const addWhose = (command: Command): Command =>
  command
    .option('--adapter <adapter>', 'only of one adapter: name or number')
    .option('--project <project>', 'the project of that adapter, if several have its name')
    .option('--user <user>', 'the user of that adapter, if several have its name');

export function registerCompletions(program: Command): void {
  const commands = group(program, 'completions', 'show and delete counts of inline completions').addHelpText(
    'after',
    HELP,
  );
  addWhose(commands.command('summary', { isDefault: true }).description('print counts by adapter'))
    .option('--days <n>', 'only the last so many days', positiveInteger)
    .option('--by <part>', 'split the counts further: language or day')
    .action(asking(summarise));
  addLimit(addWhose(commands.command('texts').description('print stored texts, the newest first'))).action(
    asking(async (client, flags: Whose & ListFlags) => {
      const whose = await whoseOf(client, flags);
      const page = (one: { limit: number; after?: string }) => client.call(completions.texts, { ...whose, ...one });
      await printList(page, flags, TEXTS, 'No texts of completions are stored');
    }),
  );
  addWhose(commands.command('forget').description('delete counts and texts for good'))
    .option('--texts', 'delete only the texts')
    .option('--yes', 'do not ask')
    .action(asking(forget));
  const counting = (name: string, description: string, on: boolean): void =>
    void commands
      .command(name)
      .description(description)
      .action(
        asking(async (client, { json }: Common) => {
          const now = await client.call(completions.counting, { counting: on });
          if (json) printJson(now);
          else print(on ? 'Completions are counted' : 'Counting of completions is paused');
        }),
      );
  counting('pause', 'stop counting until it is resumed', false);
  counting('resume', 'count again', true);
}

interface SummaryFlags extends Whose {
  days?: number;
  by?: string;
}

async function summarise(client: Client, { days, by, json, ...flags }: SummaryFlags): Promise<void> {
  if (by !== undefined && by !== 'language' && by !== 'day')
    throw new VeraError('usage', `completions are split by language or by day, not by ${JSON.stringify(by)}`);
  const found = await client.call(completions.summary, {
    ...(await whoseOf(client, flags)),
    ...(days === undefined ? {} : { days }),
    ...(by === undefined ? {} : { by }),
  });
  if (json) return printJson(found);
  const { rows, texts, counting } = found;
  const split: Column<CompletionRow>[] = by === undefined ? [] : [{ head: by, cell: (row) => row[by] ?? '' }];
  if (rows.length === 0) print('No completions have been counted');
  else print(tableOf(rows, [...WHO, ...split, ...COUNTS]));
  const stored = texts === 0 ? 'No texts are stored' : `${countOf(texts, 'text')} ${texts === 1 ? 'is' : 'are'} stored`;
  print(`${counting ? '' : 'Counting is paused. '}${stored}`);
}

const WHO: Column<CompletionRow>[] = [
  { head: 'adapter', cell: ({ adapter }) => (adapter === null ? '(the base alone)' : `${adapter.id} ${adapter.name}`) },
  { head: 'base', cell: ({ base }) => base },
];

const countOf = (count: number, what: string): string => `${wholeText(count)} ${what}${count === 1 ? '' : 's'}`;
const share = (part: number, all: number): string => (all === 0 ? '' : `${Math.round((100 * part) / all)}%`);
const keptText = ({ kept }: CompletionCounts): string => {
  const last = kept.findLast(({ of }) => of > 0);
  return last === undefined ? '' : `${share(last.characters, last.of)} after ${durationText(last.seconds)}`;
};
const whole = (head: string, of: (row: CompletionRow) => number): Column<CompletionRow> => ({
  head,
  cell: (row) => wholeText(of(row)),
  side: 'right',
});

const COUNTS: Column<CompletionRow>[] = [
  whole('shown', ({ shown }) => shown),
  whole('accepted', ({ accepted }) => accepted),
  whole('in part', ({ partly }) => partly),
  { head: 'share', cell: ({ accepted, partly, shown }) => share(accepted + partly, shown), side: 'right' },
  whole('characters', ({ acceptedCharacters }) => acceptedCharacters),
  { head: 'kept', cell: keptText, side: 'right' },
  {
    head: 'median latency',
    cell: ({ latencyMs }) => (latencyMs === null ? '' : `${wholeText(latencyMs.p50)} ms`),
    side: 'right',
  },
];

const TEXTS: Column<CompletionText>[] = [
  { head: 'shown', cell: ({ shownAt }) => dateText(shownAt) },
  { head: 'adapter', cell: ({ adapter }) => adapter?.name ?? '' },
  { head: 'outcome', cell: ({ outcome }) => outcome },
  { head: 'accepted', cell: ({ acceptedCharacters }) => wholeText(acceptedCharacters), side: 'right' },
  { head: 'file', cell: ({ file }) => file },
  { head: 'text', cell: ({ text }) => JSON.stringify(text) },
];

interface ForgetFlags extends Whose {
  texts?: boolean;
  yes?: boolean;
}

async function forget(client: Client, { texts = false, yes = false, json, ...flags }: ForgetFlags): Promise<void> {
  const whose = await whoseOf(client, flags);
  const what = `${texts ? 'the stored texts' : 'the counts and texts'} of ${flags.adapter === undefined ? 'all completions' : `the completions of ${flags.adapter}`}`;
  if (!yes && !(await agreed(what))) return;
  const gone = await client.call(completions.forget, { ...whose, ...(texts ? { only: 'texts' as const } : {}) });
  if (json) printJson(gone);
  else
    print(
      `Deleted ${texts ? '' : `the counts of ${countOf(gone.completions, 'completion')} and `}${countOf(gone.texts, 'text')}`,
    );
}

async function agreed(what: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new VeraError('usage', `there is no terminal to ask whether to delete ${what}: add --yes`);
  if (await yesTo(`Delete ${what} for good? [y/N] `)) return true;
  process.stderr.write('Nothing was deleted\n');
  process.exitCode = 130;
  return false;
}
