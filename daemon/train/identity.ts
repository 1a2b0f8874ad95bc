import { METHOD_GROUP } from '../methods/settings.ts';
import { defaultOf, valueText } from '../settings/setting.ts';
import { settingsOfRun, type TrainSettings } from './settings.ts';

type Identity = [base: string, dataset: string, ...settings: [name: string, value: unknown][]];

/** What must be the same for a checkpoint to be resumed, as one text: base, dataset, and settings that are not resumable. */
export function identityOf(settings: TrainSettings, fingerprint: string, dataset: string): string {
  const fixed = settingsOfRun(settings.method)
    .filter(({ name, resumable }) => resumable !== true && settings[name] !== undefined)
    .map(({ name }) => [name, settings[name]] as const);
  return JSON.stringify([fingerprint, dataset, ...fixed.sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/**
 * How a checkpoint's identity differs from that of a run, as a person would say it; undefined if it does not. Only settings that
 * the method has count, and one that the checkpoint does not name had its default: it is from another version.
 */
export function identityDifference(checkpoint: string, run: string): string | undefined {
  const [before, now] = [JSON.parse(checkpoint) as Identity, JSON.parse(run) as Identity];
  if (before[0] !== now[0]) return 'the base model is another one';
  if (before[1] !== now[1]) return 'the dataset has changed';
  const valuesOf = ([, , ...settings]: Identity) => new Map(settings);
  const [old, current] = [valuesOf(before), valuesOf(now)];
  const { name, default: standard } = METHOD_GROUP.settings[0];
  const changed = settingsOfRun((current.get(name) as string | undefined) ?? standard).flatMap((setting) => {
    if (setting.resumable === true) return [];
    const [was, is] = [old, current].map((values) => values.get(setting.name) ?? defaultOf(setting));
    if (JSON.stringify(was) === JSON.stringify(is)) return [];
    return [`${setting.label} was ${shown(was)} and is ${shown(is)}`];
  });
  return changed.length === 0 ? undefined : changed.join(', ');
}

const shown = (value: unknown): string => (value === undefined ? 'not set' : valueText(value as string));
