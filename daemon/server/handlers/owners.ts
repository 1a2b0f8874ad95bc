import * as owned from '../../catalog/owners.ts';
import type * as owners from '../../protocol/owners.ts';
import type { Handlers } from '../context.ts';

export const ownerHandlers: Handlers<typeof owners> = {
  projectsList: ({ daemon: { catalog } }, params) => owned.listProjects(catalog.db, params),
  projectsCreate: ({ daemon: { catalog, actor } }, params) =>
    catalog.change((change) => owned.createProject(change, params, actor)),
  projectsUpdate: ({ daemon: { catalog, actor } }, params) =>
    catalog.change((change) => owned.updateProject(change, params, actor)),
  projectsDelete: ({ daemon: { catalog, actor } }, params) =>
    catalog.change((change) => owned.deleteProject(change, params, actor)),
  projectsRestore: ({ daemon: { catalog, actor } }, { project }) =>
    catalog.change((change) => owned.restoreProject(change, project, actor)),

  usersList: ({ daemon: { catalog } }, params) => owned.listUsers(catalog.db, params),
  usersCreate: ({ daemon: { catalog, actor } }, params) =>
    catalog.change((change) => owned.createUser(change, params, actor)),
  usersUpdate: ({ daemon: { catalog, actor } }, params) =>
    catalog.change((change) => owned.updateUser(change, params, actor)),
  usersDelete: ({ daemon: { catalog, actor } }, params) =>
    catalog.change((change) => owned.deleteUser(change, params, actor)),
  usersRestore: ({ daemon: { catalog, actor } }, { user }) =>
    catalog.change((change) => owned.restoreUser(change, user, actor)),
};
