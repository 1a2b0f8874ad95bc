import { existsSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { veraHome } from '../home.ts';
import { refuseNoModel } from '../models/resolve.ts';
import { VeraError } from '../protocol/errors.ts';
import { readRun, refuseOccupied } from '../train/folder.ts';
import { completeSettings, type GivenSettings, RESUMABLE, type TrainSettings } from '../train/settings.ts';
import { absolute } from './reference.ts';

/** The settings among the options of vera train. */
export type TrainFlags = Partial<TrainSettings> & { samplePrompt?: string[] };

function settingsOf(
  data: string | undefined,
  { samplePrompt, base, out, ...given }: TrainFlags,
): Partial<TrainSettings> {
  return {
    ...given,
    ...(data === undefined ? {} : { data: resolve(data) }),
    ...(base === undefined ? {} : { base: absolute(base) }),
    ...(out === undefined ? {} : { out: resolve(out) }),
    ...(samplePrompt === undefined ? {} : { samplePrompts: samplePrompt }),
  };
}

/** Settings of a new run, checked; `out` is absent where the user leaves it open. */
export function newRun(data: string | undefined, flags: TrainFlags): Omit<GivenSettings, 'out'> & { out?: string } {
  if (data === undefined) throw new VeraError('usage', 'what to learn from is missing: vera train DATA --base MODEL');
  if (flags.base === undefined) throw new VeraError('usage', 'the base model is missing: vera train DATA --base MODEL');
  if (!existsSync(data)) throw new VeraError('data', `${data} is not there`);
  refuseNoModel(flags.base);
  const given = settingsOf(data, flags) as Omit<GivenSettings, 'out'> & { out?: string };
  completeSettings({ out: '', ...given });
  if (given.out !== undefined) refuseOccupied(given.out);
  return given;
}

/** Settings of a run that goes on, checked, and whether any is given anew. */
export function resumedRun(
  resume: string,
  data: string | undefined,
  flags: TrainFlags,
): { given: GivenSettings; changed: boolean } {
  const before = readRun(resolve(resume));
  const given = settingsOf(data, flags);
  for (const [name, value] of Object.entries(given)) {
    const known = (RESUMABLE as readonly string[]).includes(name) || value === before[name as keyof TrainSettings];
    if (!known) throw new VeraError('usage', `${flagOf(name)} cannot be changed by --resume: start a new run with it`);
  }
  const steps = given.epochs === undefined ? (given.steps ?? before.steps) : given.steps;
  const epochs = given.epochs ?? (steps === undefined ? before.epochs : undefined);
  const settings = asGiven({ ...before, ...given, steps, epochs });
  // Someone may have edited run.json.
  completeSettings(settings);
  return { given: settings, changed: Object.keys(given).length > 0 };
}

/** Complete settings without those that their method does not have. */
function asGiven({ alpha, rank, targets, dropout, ...settings }: GivenSettings): GivenSettings {
  if (settings.method === 'full') return settings;
  return { ...settings, rank, targets, dropout, ...(settings.method === 'lora' ? { alpha } : {}) };
}

const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** A folder that is not there yet, named after the data and the method. */
export function freshFolder(data: string, method: string): string {
  const name = `${basename(resolve(data), extname(data)) || 'data'}-${method}`;
  const folder = (i: number): string => join(veraHome(), 'adapters', i === 1 ? name : `${name}-${i}`);
  let i = 1;
  while (existsSync(folder(i))) i++;
  return folder(i);
}
