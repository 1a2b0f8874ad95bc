import type { TrainPlan } from '../../daemon/protocol/plans.ts';
import { runSeconds } from '../../daemon/protocol/runTime.ts';
import { bytesText, durationText } from '../../daemon/protocol/text.ts';
import { countText, plural } from '../text.ts';

/** What a run would cost: its plan, and a warning if it may not fit. */
export interface Cost {
  readonly memoryBytes: number;
  readonly warning: string | null;
  readonly plan: TrainPlan;
  /** The run's steps where they are known although the data cannot be read yet. */
  readonly steps?: number | undefined;
}

/** '4 min · 1.2 GB of memory · adapter of 31.2 kB'. Pure. */
export function costText({ memoryBytes, steps, plan: { time, data, savings } }: Cost): string {
  const all = data?.steps ?? steps;
  const seconds = time === undefined || all === undefined ? undefined : runSeconds(time, all);
  const size = savings?.own.adapterBytes ?? null;
  return [
    ...(seconds === undefined ? [] : [`about ${durationText(seconds)}`]),
    `${bytesText(memoryBytes)} of memory`,
    ...(size === null ? [] : [`adapter of ${bytesText(size)}`]),
  ].join(' · ');
}

/** 'JSONL, prompt and completion: 1,204 rows, 63 held out, 301 steps'. */
export function dataText({ plan: { data } }: Cost): string | undefined {
  if (data === undefined) return undefined;
  const skipped = data.skipped === 0 ? '' : `, ${plural(data.skipped, 'wrong row')} left out`;
  return `${data.format}: ${plural(data.rows, 'row')}, ${countText(data.heldOutRows)} held out${skipped}, ${plural(data.steps, 'step')}`;
}

/** The file and line at the beginning of an error of the dataset reader: '/a/b.jsonl, line 12: ...'. */
export function placeOf(message: string): { file: string; line: number; fault: string } | undefined {
  const [, file, line, fault = ''] = /^(.+?), line (\d+): (.*)$/s.exec(message) ?? [];
  return file === undefined ? undefined : { file, line: Number(line), fault };
}
