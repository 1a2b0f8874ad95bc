import type { Job } from '../../daemon/protocol/jobs.ts';
import type { Verdict } from '../../daemon/protocol/verdict.ts';
import { lastPart, oneLine } from '../text.ts';

const HELPED: Readonly<Record<Verdict['outcome'], string>> = {
  better: 'It helped.',
  worse: 'It did not help.',
  unclear: 'It made no clear difference.',
  unknown: '',
};

/** What a notification says of a run that ended well: its name, whether it helped, and the figures. Pure. */
export function readyText(name: string, verdict: Verdict | null): string {
  const helped = verdict === null ? [] : [HELPED[verdict.outcome], verdict.sentence];
  return [`${oneLine(name)} is ready.`, ...helped].filter((text) => text !== '').join(' ');
}

/** What it says of a job that failed. Pure. */
export function failedText({ kind, title, spec, error }: Pick<Job, 'kind' | 'title' | 'spec' | 'error'>): string {
  const what = kind === 'download' ? `The download of ${lastPart(String(spec['base']))}` : oneLine(title);
  return `${what} failed: ${oneLine(error?.message ?? 'the reason is in the log')}`;
}

/** What it says of a model that was downloaded. Pure. */
export const downloadedText = ({ spec }: Pick<Job, 'spec'>): string =>
  `${lastPart(String(spec['base']))} is downloaded and can be fine-tuned.`;
