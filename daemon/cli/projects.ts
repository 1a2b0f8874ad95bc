import type { Command } from 'commander';
import { VeraError } from '../protocol/errors.ts';
import * as owners from '../protocol/owners.ts';
import type { ProjectRow } from '../protocol/owners.ts';
import { deleteAsking } from './deletion.ts';
import { asking, type Common, group } from './group.ts';
import { addLimit, type Column, type ListFlags, printList } from './listing.ts';
import { plain, print, printJson } from './output.ts';
import { label, folder, reference, type Reference, trashed } from './reference.ts';
import { dateText } from './table.ts';
import type { Client } from './withDaemon.ts';

const HELP = `
A project is the folder of a workspace, or a topic without a folder. An adapter belongs to one project or to none. Each user may have
another active adapter in each project. PROJECT is a name, or a number from a list.

Examples:
  $ vera projects create --folder .
  $ vera train notes.jsonl --base model --project notes
  $ vera projects rename notes diary`;

const COLUMNS: Column<ProjectRow>[] = [
  { head: 'number', cell: ({ id }) => String(id), side: 'right' },
  { head: 'name', cell: ({ name }) => name },
  { head: 'adapters', cell: ({ adapters }) => String(adapters), side: 'right' },
  { head: 'folder', cell: (project) => project.folder ?? '' },
  { head: 'since', cell: ({ createdAt }) => dateText(createdAt) },
  { head: 'note', cell: ({ note }) => note },
];

const of = ({ folder: dir }: ProjectRow): string => (dir === null ? '' : ` in ${plain(dir)}`);

export function registerProjects(program: Command): void {
  const projects = group(
    program,
    'projects',
    'list and change projects: the folders and topics that adapters belong to',
  ).addHelpText('after', HELP);
  addLimit(projects.command('list').description('list projects'))
    .option('--search <words>', 'only projects with these words in their name or note')
    .option('--deleted', 'list the trash')
    .action(
      asking((client, { search, deleted = false, ...flags }: ListFlags & { search?: string; deleted?: boolean }) =>
        printList(
          (page) => client.call(owners.projectsList, { ...page, deleted, ...(search === undefined ? {} : { search }) }),
          flags,
          COLUMNS,
          deleted
            ? 'No project is in the trash'
            : search === undefined
              ? 'There is no project yet; create one with vera projects create NAME'
              : 'There is no such project',
        ),
      ),
    );
  projects
    .command('create')
    .description('create a project')
    .argument('[name]', 'name of the project (default: the name of its folder)', label)
    .option('--folder <dir>', 'its workspace folder')
    .option('--note <text>', 'a note')
    .action(
      asking(async (client, { json, ...flags }: Common & { note?: string; folder?: string }, name?: string) => {
        if (name === undefined && flags.folder === undefined)
          throw new VeraError(
            'usage',
            'a project needs a name or a folder: vera projects create NAME, or --folder DIR',
          );
        const project = await client.call(owners.projectsCreate, {
          ...(name === undefined ? {} : { name }),
          ...(flags.folder === undefined ? {} : { folder: folder(flags.folder) }),
          ...(flags.note === undefined ? {} : { note: flags.note }),
        });
        if (json) printJson(project);
        else print(`Project ${project.id} "${project.name}"${of(project)}`);
      }),
    );
  const update = async (
    client: Client,
    { json }: Common,
    project: Reference,
    change: { name: string } | { note: string } | { folder: string },
  ): Promise<void> => {
    const changed = await client.call(owners.projectsUpdate, { project, ...change });
    if (json) printJson(changed);
    else
      print(
        `Project ${changed.id} is "${changed.name}"${of(changed)}${changed.note === '' ? '' : `: ${plain(changed.note)}`}`,
      );
  };
  projects
    .command('rename')
    .description('rename a project')
    .argument('<project>', 'name or number', reference)
    .argument('<name>', 'the new name', label)
    .action(
      asking((client, flags: Common, project: Reference, name: string) => update(client, flags, project, { name })),
    );
  projects
    .command('note')
    .description('change the note on a project')
    .argument('<project>', 'name or number', reference)
    .argument('<text>', "the note; '' for none")
    .action(
      asking((client, flags: Common, project: Reference, note: string) => update(client, flags, project, { note })),
    );
  projects
    .command('folder')
    .description('set the folder of a project after it has moved')
    .argument('<project>', 'name or number', reference)
    .argument('<dir>', 'the folder')
    .action(
      asking((client, flags: Common, project: Reference, dir: string) =>
        update(client, flags, project, { folder: folder(dir) }),
      ),
    );
  projects
    .command('delete')
    .description('move a project to the trash for thirty days')
    .argument('<project>', 'name or number', reference)
    .option('--yes', 'do not ask, even if it has adapters or runs; they stay, without a project')
    .action(
      asking(async (client, flags: Common & { yes?: boolean }, project: Reference) => {
        await deleteAsking(
          typeof project === 'number' ? `project ${project}` : `project "${project}"`,
          flags,
          (confirm) => client.call(owners.projectsDelete, { project, confirm }),
          ({ thing }) => `vera projects restore ${thing.id}`,
        );
      }),
    );
  projects
    .command('restore')
    .description('restore a project from the trash')
    .argument('<project>', 'name or number')
    .action(
      asking(async (client, { json }: Common, text: string) => {
        const project = await trashed('project', text, (filter) => client.call(owners.projectsList, filter));
        const restored = await client.call(owners.projectsRestore, { project });
        if (json) printJson(restored);
        else print(`Project ${restored.id} "${restored.name}" is restored`);
      }),
    );
}
