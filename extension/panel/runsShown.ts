import type { Job } from '../../daemon/protocol/jobs.ts';
import { kinOf } from './panelRun.ts';

/** The runs in the panel: the one in focus, then the newest on its data and base, then the newest others. Newest first. Pure. */
export function runsShown(newest: readonly Job[], focus: Job | undefined, most: number): Job[] {
  if (focus === undefined) return [];
  const others = newest.filter(({ id }) => id !== focus.id);
  const like = others.filter((job) => kinOf(job) === kinOf(focus));
  const rest = others.filter((job) => !like.includes(job));
  return [focus, ...like, ...rest].slice(0, most).sort((a, b) => b.id - a.id);
}
