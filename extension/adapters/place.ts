import { basename } from 'node:path';
import { workspaceFolder } from '../app.ts';
import type { ShownAdapter } from './describe.ts';

/** Adapters of this workspace's project and of none, and those of other projects. The project of a folder has its name. */
export function byPlace(adapters: readonly ShownAdapter[]): [own: ShownAdapter[], others: ShownAdapter[]] {
  const folder = workspaceFolder();
  const own = folder === undefined ? null : basename(folder);
  const rank = ({ project }: ShownAdapter): number => (project === own ? 0 : project === null ? 1 : 2);
  const sorted = [...adapters].sort((a, b) => rank(a) - rank(b));
  return [sorted.filter((one) => rank(one) < 2), sorted.filter((one) => rank(one) === 2)];
}
