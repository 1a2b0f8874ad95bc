import { oneLine, percentText } from './text.ts';

const MAX_NAME = 30; // characters, because other extensions share the status bar

/** The text of the status bar item; undefined if there is nothing to show. Pure. */
export function statusText(
  active: string | null,
  job: { fraction: number | undefined } | undefined,
  jobs: number,
): string | undefined {
  if (job !== undefined) {
    const more = jobs > 1 ? ` +${jobs - 1}` : '';
    return `$(sync~spin) VeRA ${job.fraction === undefined ? '...' : percentText(job.fraction)}${more}`;
  }
  if (active === null) return undefined;
  // VS Code would draw an icon that is written in a name.
  const name = oneLine(active).replaceAll('$(', '$\u200B(');
  return `$(layers) ${name.length > MAX_NAME ? `${name.slice(0, MAX_NAME - 1)}…` : name}`;
}
