import { type BatchSettings, checkBatchSize, DATA_GROUP } from '../data/settings.ts';
import type { MethodOptions } from '../methods/method.ts';
import { optionsOf } from '../methods/options.ts';
import { methodNamed } from '../methods/registry.ts';
import { METHOD_GROUP, methodSettings, refuseOthers } from '../methods/settings.ts';
import { AT_ANSWER } from '../methods/start.ts';
import { OBJECTIVE_GROUP, type ObjectiveSettings } from '../objectives/settings.ts';
import { AUTO } from '../weights/registry.ts';
import { MODEL_GROUP, type ModelSettings } from '../weights/settings.ts';
import { defaultThreads } from '../runtime/threads.ts';
import {
  checkSettings,
  defaultsOf,
  type Setting,
  settingError,
  type SettingGroup,
  type SettingValues,
  type ValuesOf,
} from '../settings/setting.ts';
import { checkPatience, EVALUATION_GROUP } from './evaluationSettings.ts';
import { OPTIMIZER_GROUP } from './optimizerSettings.ts';
import { RUN_GROUP, type RunSettings } from './runSettings.ts';
import { checkRunLength, SCHEDULE_GROUP } from './scheduleSettings.ts';

/** Every group of settings that all runs have, in the order that help, forms and docs show. A new one is a line here. */
const TABLE = [
  METHOD_GROUP,
  DATA_GROUP,
  SCHEDULE_GROUP,
  OPTIMIZER_GROUP,
  EVALUATION_GROUP,
  MODEL_GROUP,
  OBJECTIVE_GROUP,
  RUN_GROUP,
] as const;
export const GROUPS: readonly SettingGroup[] = TABLE.filter(({ settings }) => settings.length > 0);

/** What a run reads and where it writes: absolute paths, or a hub id as the base. */
export interface Places {
  /** Dataset file or folder. */
  readonly data: string;
  /** Base model: folder, GGUF file or hub id. */
  readonly base: string;
  /** The folder that becomes the adapter (or the model, where all of it is trained), with run.json, metrics.jsonl and checkpoints/. */
  readonly out: string;
}

type Values = ValuesOf<(typeof TABLE)[number]['settings']>;

/**
 * All settings of a training run, as run.json keeps them: plain JSON, with the options of its method beside the others (read
 * those with `methodOptions`). The row length is absent until the base is known.
 */
export type TrainSettings = Places & Values & { readonly lr: number; readonly threads: number } & SettingValues;

/** The method, with its own settings beside it. */
export type MethodSettings = { readonly method: string } & SettingValues;

/** What a step computes with. */
export type StepSettings = ModelSettings &
  ObjectiveSettings &
  Omit<BatchSettings, 'packing'> &
  Pick<RunSettings, 'threads'>;

/** With the row length that suits the base. */
export type ReadySettings = TrainSettings & { readonly length: number };

/** What a person gives: any setting may be left out. Names and values are checked when the settings are completed. */
export type GivenSettings = Places & GivenValues;
/** Of a run whose folder may be left open. */
export type GivenRun = Omit<Places, 'out'> & { readonly out?: string } & GivenValues;
type GivenValues = { readonly [K in keyof Values]?: Values[K] | undefined } & SettingValues;

const PLACES: readonly string[] = ['data', 'base', 'out'] satisfies (keyof Places)[];

/** Every setting that a run with this method has. */
export const settingsOfRun = (method: string): readonly Setting[] => [
  ...GROUPS.flatMap(({ settings }) => settings),
  ...methodSettings(methodNamed(method)),
];

/** Fills in what is not given and refuses what cannot be, with VeraError 'usage'. */
export function completeSettings(given: GivenSettings): TrainSettings {
  const { data, base, out, ...values } = given;
  const present = defined(values);
  const [method] = METHOD_GROUP.settings;
  checkSettings([method], { method: present['method'] });
  const chosen = methodNamed(String(present['method'] ?? method.default));
  refuseOthers(chosen, present);
  const list = settingsOfRun(chosen.name);
  checkSettings(list, present);
  checkRunLength(present);
  const filled = { ...defaultsOf(list), lr: chosen.learningRate, threads: defaultThreads(), ...present };
  const complete = chosen.complete?.(filled) ?? filled;
  const settings = { data, base, out, ...complete } as unknown as TrainSettings;
  const formats = chosen.weightFormats;
  if (settings.precision !== AUTO && formats?.includes(settings.precision) === false)
    throw settingError(
      `${chosen.label} works on ${formats.join(' or ')} weights, not on ${settings.precision}`,
      'precision',
      'method',
    );
  checkBatchSize(settings);
  checkPatience(settings);
  checkStart(settings);
  return settings;
}

/**
 * Complete settings that were stored, checked again: someone may have edited them, or another version wrote them. What this
 * version or the method does not know is left out.
 */
export function storedSettings({ data, base, out, ...stored }: GivenSettings): TrainSettings {
  const { length, epochs, ...rest } = stored;
  const known = new Set(settingsOfRun(stored.method ?? METHOD_GROUP.settings[0].default).map(({ name }) => name));
  const values = Object.entries({
    ...rest,
    // Of a run that counts steps, epochs are a default; a length of 0 was not given.
    ...(stored.steps === undefined ? { epochs } : {}),
    ...(length === 0 ? {} : { length }),
  }).filter(([name]) => known.has(name));
  return completeSettings({ data, base, out, ...Object.fromEntries(values) });
}

/** The options of a run's method, as its adapter has them. */
export const methodOptions = (settings: MethodSettings): MethodOptions =>
  optionsOf(methodNamed(settings.method), settings);

/** Target modules and layers of a run whose method adapts linear layers. */
export function layersOf(settings: MethodSettings): { targets: string; layers?: string } {
  const { targets, layers }: SettingValues = settings;
  return { targets: String(targets ?? ''), ...(layers === undefined ? {} : { layers: String(layers) }) };
}

/** Whether a resumed run may have another value of this setting; the places of its files may always change. */
export const isResumable = (name: string, method: string): boolean =>
  PLACES.includes(name) || settingsOfRun(method).some((one) => one.name === name && one.resumable === true);

/** Where every token counts in the loss, nothing says where the answer begins. */
function checkStart(settings: TrainSettings): void {
  if (settings['activateAfter'] === AT_ANSWER && settings.lossOn === 'all')
    throw settingError(
      "an adapter can start at the answer only if the answers alone count in the loss; set Loss on to 'answer', or let Start after be a text",
      'activateAfter',
      'lossOn',
    );
}

const defined = (values: SettingValues): SettingValues =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
