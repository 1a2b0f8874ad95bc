import type { Command } from 'commander';
import * as owners from '../protocol/owners.ts';
import type { UserRow } from '../protocol/owners.ts';
import { asking, type Common, group } from './group.ts';
import { addLimit, type Column, type ListFlags, printList } from './listing.ts';
import { print, printJson } from './output.ts';
import { addNaming, addTrash, type Owned } from './owned.ts';
import { label } from './reference.ts';
import { dateText } from './table.ts';

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

const USER: Owned<UserRow> = {
  noun: 'user',
  withoutAsking: 'do not ask, even if the user has adapters',
  update: (client, user, change) => client.call(owners.usersUpdate, { user, ...change }),
  remove: (client, user, confirm) => client.call(owners.usersDelete, { user, confirm }),
  list: (client, filter) => client.call(owners.usersList, filter),
  restore: (client, user) => client.call(owners.usersRestore, { user }),
};

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
  addNaming(users, USER);
  addTrash(users, USER);
}
