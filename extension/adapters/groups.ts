import type { ShownAdapter } from './describe.ts';

export interface AdapterGroup {
  readonly title: string;
  readonly detail: string;
  readonly icon: string;
  /** Name of the project; null for adapters without a project. */
  readonly project: string | null;
  readonly active: number | null;
  readonly adapters: ShownAdapter[];
}

/**
 * Groups adapters by project, and by user if there are several users. The project of the workspace comes first, adapters
 * without a project last. The project of a folder has the name of the folder. `empty`: projects without adapters. Pure.
 */
export function groupAdapters(
  adapters: readonly ShownAdapter[],
  {
    active,
    workspace,
    empty = [],
  }: { active: number | null; workspace: string | undefined; empty?: readonly string[] },
): AdapterGroup[] {
  const users = new Set(adapters.map(({ user }) => user));
  const groups = new Map<string, AdapterGroup>();
  for (const adapter of adapters) {
    const { project, user } = adapter;
    const key = JSON.stringify([project, user]);
    const group = groups.get(key) ?? {
      title: project ?? 'No project',
      detail: users.size > 1 ? user : '',
      icon: project === null ? 'person' : 'folder',
      ...{ project, active, adapters: [] },
    };
    group.adapters.push(adapter);
    groups.set(key, group);
  }
  for (const title of empty)
    groups.set(title, { ...{ title, detail: '', icon: 'folder', project: title }, active, adapters: [] });
  const own = workspace?.split(/[\\/]/).at(-1);
  const rank = ({ project }: AdapterGroup): number => (project === null ? 2 : project === own ? 0 : 1);
  return [...groups.values()].sort(
    (a, b) => rank(a) - rank(b) || a.title.localeCompare(b.title) || a.detail.localeCompare(b.detail),
  );
}
