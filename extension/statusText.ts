import { oneLine, percentText } from './text.ts';

const MAX_NAME = 30; // letters; the status bar is shared

/** What the status bar says; undefined: there is nothing to say. Pure. */
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
  // A name is text: an icon written in it would be drawn.
  const name = oneLine(active).replaceAll('$(', '$\u200B(');
  return `$(layers) ${name.length > MAX_NAME ? `${name.slice(0, MAX_NAME - 1)}…` : name}`;
}
