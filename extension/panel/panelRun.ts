import type { Job } from '../../daemon/protocol/jobs.ts';
import type { PanelRun, Savings } from '../../daemon/protocol/panel.ts';
import type { RunRow } from '../../daemon/protocol/runs.ts';
import { methodLabel } from '../adapters/describe.ts';
import { jobName } from '../runs/facts.ts';
import { lastPart } from '../text.ts';
import type { Description } from '../../daemon/protocol/settings.ts';
import { type SettingValue, valueText } from '../../daemon/settings/setting.ts';
import { baseLabel } from '../tuning/baseLabel.ts';
import { fieldsFor, methodOf, ownSettings } from '../tuning/fields.ts';
import { trainingOf } from '../tuning/training.ts';

export const keyOf = ({ id }: Pick<Job, 'id'>): string => `job/${id}`;
/** Equal for runs on the same data and base: their losses can be compared. */
export function kinOf(job: Pick<Job, 'spec' | 'title'>): string {
  const { data, base } = trainingOf(job).settings;
  return JSON.stringify([data, base]);
}
export const jobOfKey = (key: string): number | undefined => {
  const [, number] = /^job\/(\d+)$/.exec(key) ?? [];
  return number === undefined ? undefined : Number(number);
};

/**
 * A training job in the form that the panel shows. Run, adapter and the descriptions of settings are used if they are known.
 * Pure.
 */
export function panelRun(
  job: Job,
  run: RunRow | undefined,
  adapter: { id: number; name: string } | null,
  described: Description | undefined,
): PanelRun {
  const spec = trainingOf(job);
  const settings: Record<string, unknown> = { ...spec.settings, ...run?.settings };
  const given = typeof settings['method'] === 'string' ? settings['method'] : '';
  const method = described === undefined ? given : methodOf(described, settings);
  const name = described === undefined ? method : methodLabel(described, method);
  const rank = settings['rank'];
  // A run of an earlier version names the options of every method.
  const ranked = typeof rank === 'number' && (described === undefined || hasOption(described, method, 'rank'));
  return {
    key: keyOf(job),
    title: jobName(job),
    state: job.state,
    method: name,
    rank: ranked ? rank : null,
    base: baseLabel(spec.settings.base),
    data: lastPart(spec.settings.data),
    kin: kinOf(job),
    waitingFor: job.waitingFor,
    error: job.error,
    progress: job.progress,
    baseHeldOutLoss: run?.baseHeldOutLoss ?? null,
    verdict: run?.verdict ?? null,
    startedAt: job.startedAt,
    endedAt: job.endedAt,
    adapter,
    out: run?.out ?? spec.settings.out ?? null,
    settings: settingLines(settings, described),
  };
}

const hasOption = (described: Description, method: string, option: string): boolean =>
  ownSettings(described, method).some(({ name }) => name === option);

/** Every setting of the run's method, by its label, in the order of the form. */
function settingLines(
  settings: Readonly<Record<string, unknown>>,
  described: Description | undefined,
): { name: string; value: string }[] {
  const { data, base, out: _, ...rest } = settings;
  const fields =
    described === undefined
      ? Object.keys(rest).map((name) => ({ name, label: name }))
      : fieldsFor(described, methodOf(described, rest)).flatMap((group) => group.settings);
  return [
    ['Dataset', data] as const,
    ['Base model', base] as const,
    ...fields.map((one) => [one.label, rest[one.name]] as const),
  ]
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ name, value: valueText(value as SettingValue) }));
}

const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);

/** The measured costs of a run, from its last events; null before it is over. Pure. */
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
