import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../formats/atomic.ts';
import { isObject, parseJsonObject } from '../formats/json.ts';
import { quote } from '../formats/quote.ts';
import { ioError, readText } from '../formats/read.ts';
import { VeraError } from '../protocol/errors.ts';
import { AUTO } from '../weights/registry.ts';
import { type GivenSettings, storedSettings, type TrainSettings } from './settings.ts';

/** Files of a run in its output folder. */
const runFile = (out: string): string => join(out, 'run.json');
export const metricsFile = (out: string): string => join(out, 'metrics.jsonl');
export const checkpointsOf = (out: string): string => join(out, 'checkpoints');
export const lockFile = (out: string): string => join(out, '.lock');

const VERSION = 1;
const MAX_BYTES = 10_000_000; // settings are a kilobyte or two; sample prompts may be long

/**
 * Refuses the output folder of a new run if something is in it. Unlike the folders that `formats/atomic.ts` refuses, it is written
 * into rather than renamed, so it may be a link, and may hold the lock of this run.
 */
export function refuseOutput(out: string): void {
  let status;
  try {
    status = lstatSync(out, { throwIfNoEntry: false });
  } catch (error) {
    throw ioError(error, 'write', out); // for example, a part of the path is a file
  }
  if (status === undefined) return;
  if (!status.isDirectory() && !status.isSymbolicLink())
    throw new VeraError('usage', `the output folder ${quote(out)} is a file; choose a folder`, { settings: ['out'] });
  if (readdirSync(out).every((name) => join(out, name) === lockFile(out))) return;
  if (existsSync(runFile(out)))
    throw new VeraError(
      'usage',
      `the output folder ${quote(out)} holds a run; choose another folder, or resume that run`,
      {
        settings: ['out'],
        remedy: { do: 'resume', folder: out },
      },
    );
  throw new VeraError('usage', `the output folder ${quote(out)} is not empty; choose another folder`, {
    settings: ['out'],
  });
}

/** Whether a run was begun in this folder. */
export const holdsRun = (out: string): boolean => existsSync(runFile(out));

/** Whether an output folder is empty but for a lock, or holds a run of these settings, which an interrupted attempt left. */
export function isOwnFolder(settings: TrainSettings): boolean {
  const { out } = settings;
  if (!existsSync(runFile(out))) {
    if (!existsSync(out)) return true;
    const begun = (name: string): boolean => join(out, name) === lockFile(out) || /^\.run\.json\..*\.tmp$/.test(name);
    return lstatSync(out).isDirectory() && readdirSync(out).every(begun);
  }
  // The row length is not compared: it is filled in if none was given.
  const shown = ({ length: _, ...rest }: TrainSettings): string =>
    JSON.stringify(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)));
  const [held, asked] = [readRun(out), storedSettings(settings)];
  // Where the choice of the weight format was left to the program, run.json has what it chose.
  return shown(held) === shown(asked.precision === AUTO ? { ...asked, precision: held.precision } : asked);
}

/** Writes run.json: the settings of a run, and the base and dataset that its checkpoints belong to. */
export function writeRun(settings: TrainSettings, identity: { base: string; dataset: string }): void {
  writeFileAtomic(runFile(settings.out), JSON.stringify({ version: VERSION, ...identity, settings }, null, 2) + '\n');
}

/** The settings of the run in a folder. Throws VeraError 'usage' if there is none. */
export function readRun(out: string): TrainSettings {
  const file = runFile(out);
  if (!existsSync(file)) throw new VeraError('usage', `${quote(out)} holds no run to resume: it has no run.json`);
  const json = parseJsonObject(readText(file, MAX_BYTES), quote(file));
  if (json['version'] !== VERSION || !isObject(json['settings']))
    throw new VeraError('format', `${quote(file)} is not a run.json of this version`);
  return storedSettings({ ...(json['settings'] as unknown as GivenSettings), out });
}
