import type { Command } from 'commander';
import * as owners from '../protocol/owners.ts';
import type { UserRow } from '../protocol/owners.ts';
import { deleteAsking } from './deletion.ts';
import { asking, type Common, group } from './group.ts';
import { addLimit, type Column, type ListFlags, printList } from './listing.ts';
import { plain, print, printJson } from './output.ts';
import { label, reference, type Reference, trashed } from './reference.ts';
import { dateText } from './table.ts';
import type { Client } from './withDaemon.ts';

const HELP = `
A user is a person or a task that adapters are for. Each user has an active adapter of their own. The first user is the one who
started the daemon; without --user, commands apply to that user. USER is a name, or a number from a list.

Examples:
  $ vera users create support-desk
  $ vera adapters activate tickets --user support-desk
  $ vera users delete support-desk`;

const COLUMNS: Column<UserRow>[] = [
  { head: 'number', cell: ({ id }) => String(id), side: 'right' },
  { head: 'name', cell: ({ name }) => name },
  { head: 'adapters', cell: ({ adapters }) => String(adapters), side: 'right' },
  { head: 'since', cell: ({ createdAt }) => dateText(createdAt) },
  { head: 'note', cell: ({ note }) => note },
];

export function registerUsers(program: Command): void {
  const users = group(
    program,
    'users',
    'list and change users: the people and tasks that adapters are for',
  ).addHelpText('after', HELP);
  addLimit(users.command('list').description('list users'))
    .option('--search <words>', 'only users with these words in their name or note')
    .option('--deleted', 'list the trash')
    .action(
      asking((client, { search, deleted = false, ...flags }: ListFlags & { search?: string; deleted?: boolean }) =>
        printList(
          (page) => client.call(owners.usersList, { ...page, deleted, ...(search === undefined ? {} : { search }) }),
          flags,
          COLUMNS,
          deleted
            ? 'No user is in the trash'
            : search === undefined
              ? 'There is no user yet; the first job creates one'
              : 'There is no such user',
        ),
      ),
    );
  users
    .command('create')
    .description('create a user')
    .argument('<name>', 'name of the user', label)
    .option('--note <text>', 'a note')
    .action(
      asking(async (client, { json, note }: Common & { note?: string }, name: string) => {
        const user = await client.call(owners.usersCreate, { name, ...(note === undefined ? {} : { note }) });
        if (json) printJson(user);
        else print(`User ${user.id} "${user.name}" is created`);
      }),
    );
  const update = async (
    client: Client,
    { json }: Common,
    user: Reference,
    change: { name: string } | { note: string },
  ): Promise<void> => {
    const changed = await client.call(owners.usersUpdate, { user, ...change });
    if (json) printJson(changed);
    else print(`User ${changed.id} is "${changed.name}"${changed.note === '' ? '' : `: ${plain(changed.note)}`}`);
  };
  users
    .command('rename')
    .description('rename a user')
    .argument('<user>', 'name or number', reference)
    .argument('<name>', 'the new name', label)
    .action(asking((client, flags: Common, user: Reference, name: string) => update(client, flags, user, { name })));
  users
    .command('note')
    .description('change the note on a user')
    .argument('<user>', 'name or number', reference)
    .argument('<text>', "the note; '' for none")
    .action(asking((client, flags: Common, user: Reference, note: string) => update(client, flags, user, { note })));
  users
    .command('delete')
    .description('move a user to the trash for thirty days')
    .argument('<user>', 'name or number', reference)
    .option('--yes', 'do not ask, even if the user has adapters')
    .action(
      asking(async (client, flags: Common & { yes?: boolean }, user: Reference) => {
        await deleteAsking(
          typeof user === 'number' ? `user ${user}` : `user "${user}"`,
          flags,
          (confirm) => client.call(owners.usersDelete, { user, confirm }),
          ({ thing }) => `vera users restore ${thing.id}`,
        );
      }),
    );
  users
    .command('restore')
    .description('restore a user from the trash')
    .argument('<user>', 'name or number')
    .action(
      asking(async (client, { json }: Common, text: string) => {
        const user = await trashed('user', text, (filter) => client.call(owners.usersList, filter));
        const restored = await client.call(owners.usersRestore, { user });
        if (json) printJson(restored);
        else print(`User ${restored.id} "${restored.name}" is restored`);
      }),
    );
}
