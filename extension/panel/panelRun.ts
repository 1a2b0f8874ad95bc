import type { Job } from '../../daemon/protocol/jobs.ts';
import type { PanelRun, Savings } from '../../daemon/protocol/panel.ts';
import type { RunRow } from '../../daemon/protocol/runs.ts';
import { METHOD_NAMES } from '../adapters/describe.ts';
import { lastPart } from '../text.ts';
import { FIELDS, fieldText, type SettingKey } from '../tuning/fields.ts';
import { trainingOf } from '../tuning/training.ts';

export const keyOf = ({ id }: Pick<Job, 'id'>): string => `job/${id}`;
export const jobOfKey = (key: string): number | undefined => {
  const [, number] = /^job\/(\d+)$/.exec(key) ?? [];
  return number === undefined ? undefined : Number(number);
};

/** A training job as the panel shows it; run and adapter where they are known already. Pure. */
export function panelRun(job: Job, run: RunRow | undefined, adapter: { id: number; name: string } | null): PanelRun {
  const spec = trainingOf(job);
  const settings: Record<string, unknown> = { ...spec.settings, ...run?.settings };
  const method = typeof settings['method'] === 'string' ? settings['method'] : 'vera';
  const rank = settings['rank'];
  const name = METHOD_NAMES[method] ?? method;
  const ranked = typeof rank === 'number' && method !== 'full';
  return {
    key: keyOf(job),
    title: spec.name ?? `${lastPart(spec.settings.data)}, ${name}${ranked ? ` ${rank}` : ''}`,
    state: job.state,
    method: name,
    rank: ranked ? rank : null,
    base: lastPart(spec.settings.base),
    data: lastPart(spec.settings.data),
    waitingFor: job.waitingFor,
    error: job.error,
    progress: job.progress,
    baseHeldOutLoss: run?.baseHeldOutLoss ?? null,
    startedAt: job.startedAt,
    endedAt: job.endedAt,
    adapter,
    out: run?.out ?? spec.settings.out ?? null,
    settings: settingLines(settings),
  };
}

/** Every setting by the name that the Advanced step has for it. */
function settingLines(settings: Readonly<Record<string, unknown>>): { name: string; value: string }[] {
  const paths = [
    ['Dataset', settings['data']],
    ['Base model', settings['base']],
  ] as const;
  const fields = (Object.keys(FIELDS) as SettingKey[]).map((key) => [FIELDS[key].title, settings[key]] as const);
  return [...paths, ...fields]
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ name, value: fieldText(value) }));
}

const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);

/** What a run's last events say that it cost; null before it is over. Pure. */
export function measuredOf(report: RunRow['report']): Savings['measured'] {
  const { report: told, done } = (report ?? {}) as Partial<Record<'report' | 'done', Record<string, unknown> | null>>;
  if (done === undefined || done === null) return null;
  return {
    parameters: number(done['trainableParameters']),
    adapterBytes: number(done['adapterBytes']),
    optimizerBytes: number(told?.['optimizerBytes']),
    peakBytes: number(done['peakRssBytes']),
  };
}
