import type { Command } from 'commander';
import { optionsText, rankOf } from '../methods/options.ts';
import { adapterMethod } from '../methods/registry.ts';
import * as adapters from '../protocol/adapters.ts';
import type { AdapterRow } from '../protocol/adapters.ts';
import { bytesText } from '../protocol/text.ts';
import { registerAdapterChanges } from './adapterChanges.ts';
import { addWhich, adapterText, idOf, type Which, whichOf } from './adapterNames.ts';
import { asking, type Common, group } from './group.ts';
import { addLimit, type Column, type ListFlags, printFacts, printList, tableOf } from './listing.ts';
import { print, printJson } from './output.ts';
import { ownerOf, projectOf, userOf } from './reference.ts';
import { dateText } from './table.ts';

const HELP = `
The catalog keeps every adapter that was trained or imported. ADAPTER is a name, or a number from a list. A name is looked up in
--project first, then among the adapters without a project, then everywhere. Every command that takes an adapter's folder
(vera generate --adapter, vera merge, vera export) also takes these names and numbers.

Examples:
  $ vera adapters list --project notes
  $ vera adapters activate diary --project notes
  $ vera adapters pack diary diary.vera && vera adapters unpack diary.vera --name diary-copy
  $ vera adapters delete diary`;

interface Filters extends ListFlags {
  project?: string;
  user?: string;
  base?: string;
  tag?: string;
  search?: string;
  deleted?: boolean;
}

const loss = (value: number | null): string => (value === null ? '' : value.toFixed(4));

const COLUMNS: Column<AdapterRow>[] = [
  { head: 'number', cell: ({ id }) => String(id), side: 'right' },
  { head: 'name', cell: ({ name }) => name },
  { head: 'project', cell: ({ project }) => project ?? '' },
  {
    head: 'method',
    cell: ({ method, options }) => [method, rankOf(options)].filter((part) => part !== null).join(' '),
  },
  { head: 'size', cell: ({ bytes }) => bytesText(bytes), side: 'right' },
  { head: 'held-out loss', cell: ({ heldOutLoss }) => loss(heldOutLoss), side: 'right' },
  { head: 'made', cell: ({ createdAt }) => dateText(createdAt) },
  { head: 'base', cell: ({ base }) => base.name },
  { head: 'tags', cell: ({ tags }) => tags.join(', ') },
];

export function registerAdapters(program: Command): void {
  const commands = group(program, 'adapters', 'list, inspect and change the adapters of the catalog').addHelpText(
    'after',
    HELP,
  );
  const filters = (command: Command): Command =>
    addWhich(addLimit(command))
      .option('--base <text>', 'only adapters of this base: its name or fingerprint')
      .option('--tag <tag>', 'only adapters with this tag')
      .option('--deleted', 'list the trash');
  filters(commands.command('list').description('list adapters, the newest first'))
    .option('--search <words>', 'only adapters with these words in their name, note or tags')
    .action(asking((client, flags: Filters) => list(client, flags)));
  filters(commands.command('search').description('find adapters by words in their names, notes and tags'))
    .argument('<words...>', 'words, or beginnings of words')
    .action(asking((client, flags: Filters, words: string[]) => list(client, { ...flags, search: words.join(' ') })));
  addWhich(commands.command('show').description('show everything about an adapter'))
    .argument('<adapter>', 'name or number')
    .action(asking(show));
  addWhich(
    commands
      .command('lineage')
      .description('show the parents of an adapter, and the adapters that were trained from it'),
  )
    .argument('<adapter>', 'name or number')
    .action(asking(lineage));
  addWhich(commands.command('active').description('show which adapter is active')).action(asking(active));
  registerAdapterChanges(commands);
}

type Asked<Flags, Rest extends unknown[] = []> = Parameters<typeof asking<Flags & Common, Rest>>[0];

const list: Asked<Filters> = async (client, { project, user, base, tag, search, deleted = false, ...flags }) => {
  const only = {
    ...(await projectOf(client, project)),
    ...userOf(user),
    ...(base === undefined ? {} : { base }),
    ...(tag === undefined ? {} : { tag }),
    ...(search === undefined ? {} : { search }),
  };
  const none = deleted
    ? 'No such adapter is in the trash'
    : Object.keys(only).length > 0
      ? 'There is no such adapter'
      : 'There is no adapter yet; train one with vera train DATA --base MODEL';
  await printList((page) => client.call(adapters.list, { ...page, ...only, deleted }), flags, COLUMNS, none);
};

const show: Asked<Which, [string]> = async (client, flags, name) => {
  const row = await client.call(adapters.get, await whichOf(client, name, flags));
  if (flags.json) {
    printJson(row);
    return;
  }
  const { options, targets, ownFrozen, base } = row;
  const method = adapterMethod(row.method);
  printFacts([
    ['adapter', adapterText(row)],
    ['note', row.note || undefined],
    ['tags', row.tags.join(', ') || undefined],
    ['project', row.project ?? 'none'],
    ['user', row.user],
    ['method', `${method.label} on ${targets}`],
    ['options', optionsText(method, options, { advanced: true }) || undefined],
    ['stored with it', ownFrozen ? method.frozen?.label : undefined],
    ['size', `${row.parameters.toLocaleString('en-US')} parameters, ${bytesText(row.bytes)}`],
    ['base', `${base.name} (fingerprint ${base.fingerprint.slice(0, 12)})`],
    ['training loss', loss(row.trainLoss) || undefined],
    [
      'held-out loss',
      row.heldOutLoss === null ? undefined : `${loss(row.heldOutLoss)}, before training ${loss(row.baseHeldOutLoss)}`,
    ],
    ['run', idOf(row.run)],
    ['parent', idOf(row.parent)],
    ['made', dateText(row.createdAt)],
    ['in the trash since', row.deletedAt === null ? undefined : dateText(row.deletedAt)],
    ['hash', row.hash],
  ]);
};

const lineage: Asked<Which, [string]> = async (client, flags, name) => {
  const { adapter, ancestors, children, run, dataset } = await client.call(
    adapters.lineage,
    await whichOf(client, name, flags),
  );
  if (flags.json) {
    printJson({ adapter, ancestors, children, run, dataset });
    return;
  }
  const text = (record: Record<string, unknown> | null, ...names: string[]): string | undefined =>
    record === null ? undefined : names.map((key) => record[key]).find((value) => typeof value === 'string');
  printFacts([
    ['adapter', adapterText(adapter)],
    ['base', adapter.base.name],
    ['run', idOf(adapter.run)],
    ['dataset', text(dataset, 'path') ?? text(run, 'data')],
  ]);
  const rows = [
    ...ancestors.map((row) => ({ row, what: 'came from' })),
    ...children.map((row) => ({ row, what: 'led to' })),
  ];
  if (rows.length === 0) {
    print('It has no parents, and no adapter was trained from it');
    return;
  }
  print();
  print(tableOf(rows, [{ head: '', cell: ({ what }) => what }, ...COLUMNS.map((column) => ({ ...column, cell: ({ row }: { row: AdapterRow }) => column.cell(row) }))])); // prettier-ignore
};

const active: Asked<Which> = async (client, { project, user, json }) => {
  const { adapter, by } = await client.call(adapters.active, { ...ownerOf(project), ...userOf(user) });
  if (json) printJson({ adapter, by });
  else if (adapter === null) print('No adapter is active; choose one with vera adapters activate NAME');
  else print(`${adapterText(adapter)} is active${by === 'project' ? ', chosen for the project' : ''}`);
};
