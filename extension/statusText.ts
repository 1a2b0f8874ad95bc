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

/** What a pointer over the item, or a screen reader, says. Pure. */
export function statusTip(active: string | null, job: { title: string; doing: string } | undefined): string {
  if (job !== undefined)
    return [oneLine(job.title), job.doing, 'Click to open it.'].filter((text) => text !== '').join('. ');
  const who =
    active === null
      ? 'No adapter is active. Click to choose one.'
      : `Active adapter: ${oneLine(active)}. It answers @vera in the chat and writes inline completions. Click to choose another.`;
  return who;
}
