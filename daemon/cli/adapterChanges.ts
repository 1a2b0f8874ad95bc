import { resolve } from 'node:path';
import type { Command } from 'commander';
import { quote } from '../formats/quote.ts';
import * as adapters from '../protocol/adapters.ts';
import type { AdapterRow } from '../protocol/adapters.ts';
import { VeraError } from '../protocol/errors.ts';
import { describe } from '../protocol/generation.ts';
import { bytesText } from '../protocol/text.ts';
import { addWhich, adapterText, type Which, whichOf } from './adapterNames.ts';
import { deleteAsking } from './deletion.ts';
import { asking } from './group.ts';
import { plain, print, printJson } from './output.ts';
import { label, projectOf, type Reference, trashed, userOf } from './reference.ts';
import { collectTag } from './trainOptions.ts';
import type { Client } from './withDaemon.ts';

type Change = Partial<Pick<AdapterRow, 'name' | 'note' | 'tags'>> & { moveTo?: Reference | null };

/** The commands of `vera adapters` that change something. */
export function registerAdapterChanges(commands: Command): void {
  const one = (name: string, description: string): Command =>
    addWhich(commands.command(name).description(description)).argument('<adapter>', 'name or number');
  one(
    'activate',
    'make an adapter the active one of a user: in --project, or in every project without a choice of its own',
  ).action(asking(activate));
  addWhich(commands.command('deactivate').description('undo the choice of an active adapter')).action(
    asking(async (client, { project, user, json }: Which) => {
      await client.call(adapters.deactivate, { ...(await projectOf(client, project)), ...userOf(user) });
      if (json) printJson({ adapter: null });
      else print('No adapter is chosen there now');
    }),
  );
  one('rename', 'rename an adapter')
    .argument('<name>', 'the new name', label)
    .action(asking((client, flags: Which, adapter: string, name: string) => update(client, flags, adapter, { name })));
  one('note', 'change the note on an adapter')
    .argument('<text>', "the note; '' for none")
    .action(asking((client, flags: Which, adapter: string, note: string) => update(client, flags, adapter, { note })));
  one('tag', 'add tags to an adapter, or remove them')
    .argument('[tags...]', 'tags to add', collectTag)
    .option('--remove <tag>', 'a tag to remove; may be repeated', collectTag)
    .action(asking(tag));
  one('move', 'move an adapter to another project')
    .option('--to <project>', 'the project: name, number or folder (as ./folder)')
    .option('--to-none', 'remove it from its project')
    .action(asking(move));
  one('delete', 'move an adapter to the trash for thirty days')
    .option('--yes', 'do not ask, even if others depend on it')
    .action(asking(remove));
  commands
    .command('restore')
    .description('restore an adapter from the trash')
    .argument('<adapter>', 'name or number')
    .action(
      asking(async (client, { json }: Which, text: string) => {
        const adapter = await trashed('adapter', text, (filter) => client.call(adapters.list, filter));
        say(await client.call(adapters.restore, { adapter }), json, 'is restored');
      }),
    );
  one('save', 'write an adapter as a PEFT folder')
    .requiredOption('--out <dir>', 'folder to write; must be new or empty')
    .option('--projection', "include VeRA's A and B, as PEFT expects")
    .action(asking(save));
  one('pack', 'write an adapter with its record as one file, for another catalog')
    .argument('<file>', 'file to write')
    .action(asking(pack));
  addWhich(commands.command('unpack').description('add an adapter from the file of another catalog'))
    .argument('<file>', 'file that vera adapters pack wrote')
    .option('--name <name>', 'name of the adapter here (default: the name it has in the file)', label)
    .action(asking(unpack));
}

/** Prints what was done with an adapter. */
function say(adapter: AdapterRow, json: boolean | undefined, what: string): void {
  if (json) printJson(adapter);
  else print(`Adapter ${adapterText(adapter)} ${what}`);
}

async function activate(client: Client, flags: Which, name: string): Promise<void> {
  const done = await client.call(adapters.activate, await whichOf(client, name, flags));
  if (flags.json) {
    printJson(done);
    return;
  }
  print(
    `Adapter ${adapterText(done.adapter)} is active for ${plain(done.user)} ${done.project === null ? 'in every project without a choice of its own' : `in project ${plain(done.project)}`}`,
  );
  // A base that is not here yet has no known limits, and an adapter may be chosen all the same.
  const described = await client.call(describe, { adapter: done.adapter.id }).catch(() => undefined);
  for (const limit of described?.limits.completion ?? []) print(`Note: ${limit}`);
}

async function update(client: Client, flags: Which, name: string, change: Change): Promise<void> {
  const which = await whichOf(client, name, flags);
  const changed = await client.call(adapters.update, { ...which, ...change });
  const { note, tags, project } = changed;
  const about = [
    project === null ? 'in no project' : `in project ${plain(project)}`,
    tags.length > 0 ? `tags ${plain(tags.join(', '))}` : 'no tags',
    note === '' ? 'no note' : `note: ${plain(note)}`,
  ];
  say(changed, flags.json, `is ${about.join(', ')}`);
}

async function tag(client: Client, flags: Which & { remove?: string[] }, name: string, tags: string[]): Promise<void> {
  if (tags.length === 0 && flags.remove === undefined)
    throw new VeraError('usage', 'no tag is given: vera adapters tag ADAPTER TAG..., or --remove TAG');
  const before = await client.call(adapters.get, await whichOf(client, name, flags));
  const absent = flags.remove?.find((one) => !before.tags.includes(one));
  if (absent !== undefined)
    throw new VeraError('missing', `adapter ${adapterText(before)} has no tag ${quote(absent)}`);
  const kept = before.tags.filter((one) => flags.remove?.includes(one) !== true);
  await update(client, flags, String(before.id), { tags: [...new Set([...kept, ...tags])] });
}

async function move(client: Client, flags: Which & { to?: string; toNone?: boolean }, name: string): Promise<void> {
  if ((flags.to === undefined) === (flags.toNone === undefined))
    throw new VeraError('usage', 'choose where to move it: --to PROJECT, or --to-none');
  const { project = null } = await projectOf(client, flags.to);
  await update(client, flags, name, { moveTo: project });
}

async function remove(client: Client, flags: Which & { yes?: boolean }, name: string): Promise<void> {
  const adapter = await client.call(adapters.get, await whichOf(client, name, flags));
  await deleteAsking(
    `adapter ${adapterText(adapter)}`,
    flags,
    (confirm) => client.call(adapters.remove, { adapter: adapter.id, confirm }),
    () => `vera adapters restore ${adapter.id}`,
  );
}

async function save(client: Client, flags: Which & { out: string; projection?: boolean }, name: string): Promise<void> {
  const which = await whichOf(client, name, flags);
  const { dir } = await client.call(adapters.save, {
    ...which,
    dir: resolve(flags.out),
    projection: flags.projection ?? false,
  });
  if (flags.json) printJson({ dir });
  else print(`Saved in ${plain(dir)}`);
}

async function pack(client: Client, flags: Which, name: string, file: string): Promise<void> {
  const which = await whichOf(client, name, flags);
  const packed = await client.call(adapters.pack, { ...which, file: resolve(file) });
  if (flags.json) printJson(packed);
  else
    print(
      `Packed in ${plain(packed.file)}, ${bytesText(packed.bytes)}; add it to another catalog with vera adapters unpack`,
    );
}

async function unpack(client: Client, flags: Which & { name?: string }, file: string): Promise<void> {
  const { project, user, name, json } = flags;
  const owner = { ...(await projectOf(client, project)), ...userOf(user) };
  const adapter = await client.call(adapters.unpack, {
    file: resolve(file),
    ...owner,
    ...(name === undefined ? {} : { name }),
  });
  say(adapter, json, `is in the catalog, on base ${plain(adapter.base.name)}`);
}
