import { z } from 'zod';
import { dependent } from './adapters.ts';
import { method } from './method.ts';
import { count, id, name, note, page, pageOf, path, ref, time } from './values.ts';

/** A workspace folder, or a topic without a folder. */
export const project = z.object({
  id,
  name: z.string(),
  folder: z.string().nullable(),
  note: z.string(),
  adapters: count,
  createdAt: time,
  deletedAt: time.nullable(),
});
export type ProjectRow = z.infer<typeof project>;

/** A person or task that adapters are for. The first one is the person who runs the daemon. */
export const user = z.object({
  id,
  name: z.string(),
  note: z.string(),
  adapters: count,
  createdAt: time,
  deletedAt: time.nullable(),
});
export type UserRow = z.infer<typeof user>;

const listing = z.strictObject({
  /** In any part of the name. */
  search: z.string().max(200).optional(),
  /** The whole name. */
  name: name.optional(),
  deleted: z.boolean().default(false),
  ...page,
});
const deletion = <T extends z.ZodType>(thing: T) => z.object({ thing, dependents: z.array(dependent), purgedAt: time });

export const projectsList = method(
  'projects.list',
  'Lists projects.',
  listing.extend({ folder: path.optional() }),
  pageOf(project),
  { repeatable: true },
);
export const projectsCreate = method(
  'projects.create',
  'Creates a project. If the folder has one already, answers with it.',
  z.strictObject({ name: name.optional(), folder: path.optional(), note: note.optional() }),
  project,
  { repeatable: false },
);
export const projectsUpdate = method(
  'projects.update',
  'Renames a project, or changes its note or folder.',
  z.strictObject({ project: ref, name: name.optional(), note: note.optional(), folder: path.nullable().optional() }),
  project,
  { repeatable: false },
);
export const projectsDelete = method(
  'projects.delete',
  "Puts a project into the trash for thirty days. Refused with 'dependents' while it has adapters or runs, unless confirmed. They stay, and belong to no project until it is restored.",
  z.strictObject({ project: ref, confirm: z.boolean().default(false) }),
  deletion(project),
  { repeatable: false },
);
export const projectsRestore = method(
  'projects.restore',
  'Takes a project out of the trash.',
  z.strictObject({ project: id }),
  project,
  { repeatable: false },
);

export const usersList = method('users.list', 'Lists users.', listing, pageOf(user), { repeatable: true });
export const usersCreate = method(
  'users.create',
  'Creates a user.',
  z.strictObject({ name, note: note.optional() }),
  user,
  { repeatable: false },
);
export const usersUpdate = method(
  'users.update',
  'Renames a user, or changes the note.',
  z.strictObject({ user: ref, name: name.optional(), note: note.optional() }),
  user,
  { repeatable: false },
);
export const usersDelete = method(
  'users.delete',
  "Puts a user into the trash for thirty days. Refused with 'dependents' while adapters are theirs, unless confirmed.",
  z.strictObject({ user: ref, confirm: z.boolean().default(false) }),
  deletion(user),
  { repeatable: false },
);
export const usersRestore = method(
  'users.restore',
  'Takes a user out of the trash.',
  z.strictObject({ user: id }),
  user,
  { repeatable: false },
);
