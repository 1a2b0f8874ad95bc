import type { Command } from 'commander';
import { VeraError } from '../protocol/errors.ts';
import * as owners from '../protocol/owners.ts';
import type { ProjectRow } from '../protocol/owners.ts';
import { asking, type Common, group } from './group.ts';
import { addLimit, type Column, type ListFlags, printList } from './listing.ts';
import { plain, print, printJson } from './output.ts';
import { addNaming, addTrash, type Owned, sayNamed } from './owned.ts';
import { folder, label, reference, type Reference } from './reference.ts';
import { dateText } from './table.ts';

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

const PROJECT: Owned<ProjectRow> = {
  noun: 'project',
  about: of,
  withoutAsking: 'do not ask, even if it has adapters or runs; they stay, without a project',
  update: (client, project, change) => client.call(owners.projectsUpdate, { project, ...change }),
  remove: (client, project, confirm) => client.call(owners.projectsDelete, { project, confirm }),
  list: (client, filter) => client.call(owners.projectsList, filter),
  restore: (client, project) => client.call(owners.projectsRestore, { project }),
};

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
  addNaming(projects, PROJECT);
  projects
    .command('folder')
    .description('set the folder of a project after it has moved')
    .argument('<project>', 'name or number', reference)
    .argument('<dir>', 'the folder')
    .action(
      asking(async (client, { json }: Common, project: Reference, dir: string) => {
        sayNamed(PROJECT, await client.call(owners.projectsUpdate, { project, folder: folder(dir) }), json);
      }),
    );
  addTrash(projects, PROJECT);
}
