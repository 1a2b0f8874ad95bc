import { existsSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { veraHome } from '../home.ts';
import { refuseNoModel } from '../models/resolve.ts';
import { VeraError } from '../protocol/errors.ts';
import { readRun, refuseOutput } from '../train/folder.ts';
import {
  completeSettings,
  type GivenRun,
  type GivenSettings,
  isResumable,
  type Places,
  storedSettings,
  type TrainSettings,
} from '../train/settings.ts';
import { checkRunLength, type ScheduleSettings } from '../train/scheduleSettings.ts';
import { settingError, type SettingValues } from '../settings/setting.ts';
import { absolute } from './reference.ts';
import { givenSettings } from './settingOptions.ts';
import { trainSettings } from './trainOptions.ts';

/** The options of vera train that are about the run: places and settings, as commander names them. */
export type TrainFlags = Readonly<Record<string, unknown>> & Partial<Pick<Places, 'base' | 'out'>>;

function settingsOf(data: string | undefined, flags: TrainFlags): Partial<Places> & SettingValues {
  const { base, out } = flags;
  return {
    ...givenSettings(trainSettings(), flags),
    ...(data === undefined ? {} : { data: resolve(data) }),
    ...(base === undefined ? {} : { base: absolute(base) }),
    ...(out === undefined ? {} : { out: resolve(out) }),
  };
}

/** Settings of a new run, checked; `out` is absent where the user leaves it open. */
export function newRun(data: string | undefined, flags: TrainFlags): GivenRun {
  if (data === undefined) throw new VeraError('usage', 'the dataset is missing: vera train DATA --base MODEL');
  if (flags.base === undefined) throw new VeraError('usage', 'the base model is missing: vera train DATA --base MODEL');
  if (!existsSync(data)) throw new VeraError('data', `${data} is not there`);
  refuseNoModel(flags.base);
  const given = settingsOf(data, flags) as GivenRun;
  completeSettings({ ...given, out: given.out ?? '' });
  if (given.out !== undefined) refuseOutput(given.out);
  return given;
}

/** Settings of a run that is resumed, checked, and whether any of them is given anew. */
export function resumedRun(
  resume: string,
  data: string | undefined,
  flags: TrainFlags,
): { given: TrainSettings; changed: boolean } {
  const before = readRun(resolve(resume));
  const given = settingsOf(data, flags);
  for (const [name, value] of Object.entries(given)) {
    if (isResumable(name, before.method) || JSON.stringify(value) === JSON.stringify(before[name])) continue;
    const label = trainSettings().find((setting) => setting.name === name)?.label ?? name;
    throw settingError(`${label} cannot change when a run is resumed; start a new run with it`, name);
  }
  checkRunLength(given as Partial<ScheduleSettings>);
  const steps = given['epochs'] === undefined ? (given['steps'] ?? before.steps) : given['steps'];
  const epochs = given['epochs'] ?? (steps === undefined ? before.epochs : undefined);
  return {
    given: storedSettings({ ...before, ...given, steps, epochs } as GivenSettings),
    changed: Object.keys(given).length > 0,
  };
}

/** A folder that is not there yet, named after the data and the method. */
export function freshFolder(data: string, method: string): string {
  const name = `${basename(resolve(data), extname(data)) || 'data'}-${method}`;
  const folder = (i: number): string => join(veraHome(), 'adapters', i === 1 ? name : `${name}-${i}`);
  let i = 1;
  while (existsSync(folder(i))) i++;
  return folder(i);
}
