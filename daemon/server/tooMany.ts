import type { Daemon } from './context.ts';

/** Why so many more answers are refused now; undefined if they are not. */
export function tooMany({ engines, limits }: Pick<Daemon, 'engines' | 'limits'>, answers: number): string | undefined {
  const now = engines.requests();
  if (now + answers <= limits.answers) return undefined;
  return `${now} answers are under way, and at most ${limits.answers} can be: try again later`;
}
