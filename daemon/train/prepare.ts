import { openDataset, type Dataset } from '../data/dataset.ts';
import { type DataSettings, rowLength } from '../data/settings.ts';
import { loadTokenizer, type Tokenizer } from '../data/tokenizer.ts';
import { cacheFolder } from '../home.ts';
import type { MethodAdaptation, MethodOptions } from '../methods/method.ts';
import { methodNamed } from '../methods/registry.ts';
import { startOf } from '../methods/start.ts';
import { selectSites } from '../methods/targets.ts';
import type { LinearSite } from '../models/adaptation.ts';
import type { BaseModel } from '../models/base.ts';
import { linearSites } from '../models/registry.ts';
import { resolveBase } from '../models/resolve.ts';
import { networkTensors } from '../models/tensors.ts';
import { settingError } from '../settings/setting.ts';
import type { Course } from './course.ts';
import type { EvaluationSettings } from './evaluationSettings.ts';
import {
  layersOf,
  methodOptions,
  type Places,
  type ReadySettings,
  type StepSettings,
  type TrainSettings,
} from './settings.ts';
import { startTokens } from './startTokens.ts';
import { Step } from './step.ts';

/** Everything a run reads, opened and checked. */
export interface Prepared {
  /** With the row length that suits the base if none was given. */
  readonly settings: ReadySettings;
  readonly base: BaseModel;
  readonly tokenizer: Tokenizer;
  readonly dataset: Dataset;
  /** The adapted layers; none with a method that trains every tensor. */
  readonly sites: readonly LinearSite[];
  readonly options: MethodOptions;
  readonly adaptation: MethodAdaptation;
}

/** Opens base, tokenizer and dataset and makes the adaptation. What can be checked cheaply is checked first. */
export async function prepare(given: TrainSettings, course: Course): Promise<Prepared> {
  course.begin('base', 'opening the base');
  const onProgress = (text: string, fraction: number): void => {
    const { part, what } = ofBase(text, fraction);
    course.reached('base', part, what);
  };
  const base = await resolveBase(given.base, { cache: cacheFolder(), onProgress });
  course.end('base');
  course.begin('data', 'reading the data');
  const settings = { ...given, length: rowLength(given.length, base.config.maxLength) };
  checkLength(base, settings.length);
  const method = methodNamed(settings.method);
  const all = method.adapts === 'all';
  const { targets, layers } = layersOf(settings);
  const sites = all ? [] : selectSites(linearSites(base.config), targets, layers);
  const tokenizer = loadTokenizer(base.dir);
  const options = startTokens(methodOptions(settings), tokenizer);
  const dataset = await openData(settings, tokenizer, options, base.config.maxLength);
  try {
    dataset.survey();
    return {
      settings,
      base,
      tokenizer,
      dataset,
      sites,
      options,
      adaptation: method.create(sites, options, all ? networkTensors(base) : []),
    };
  } catch (error) {
    dataset.close();
    throw error;
  }
}

/** The dataset of a run, split and read as its settings say. `options`: of the method, with the tokens of the adapter's start. */
export function openData(
  settings: Pick<Places, 'data'> & DataSettings & Pick<EvaluationSettings, 'heldOut'> & { readonly length: number },
  tokenizer: Tokenizer,
  options: MethodOptions,
  maxLength?: number,
): Promise<Dataset> {
  const most = maxLength === undefined ? {} : { maxLength };
  return openDataset(settings.data, { ...settings, tokenizer, start: startOf(options), ...most });
}

/** Shares of the time that it takes to convert a GGUF file: its hash, and its tensors. Then the new weights are hashed. */
const READ = 0.1;
const CONVERTED = 0.8;

/** The share of the work on a base that is done, and what is being done. */
function ofBase(text: string, fraction: number): { part: number; what: string } {
  if (text.startsWith('reading ')) return { part: READ * fraction, what: 'reading the base' };
  if (text.startsWith('converting ')) return { part: READ + CONVERTED * fraction, what: 'converting the base' };
  return { part: (READ + CONVERTED) * fraction, what: text };
}

/** Refuses rows that are longer than the model was made for: it would read them at positions that it never saw. */
export function checkLength(base: BaseModel, length: number): void {
  const { maxLength } = base.config;
  if (length > maxLength)
    throw settingError(
      `Row length ${length} is more than the ${maxLength} tokens that ${base.dir} reads at once`,
      'length',
    );
}

/** A step graph for these settings: with gradients, or for evaluation. */
export function createStep(settings: StepSettings, { base, adaptation }: Prepared, train: boolean): Promise<Step> {
  const { precision, objective, length, batch, threads } = settings;
  const stepOptions = {
    base,
    adaptation,
    precision,
    objective,
    maxLength: length,
    tokens: batch * length,
    cache: cacheFolder(),
    dropout: adaptation.noisy === true,
    session: { threads },
  };
  return Step.create(stepOptions, train);
}
