import { existsSync } from 'node:fs';
import { rowLength } from '../data/settings.ts';
import { type ChosenFormat, chosenFormat } from './chosenFormat.ts';
import { loadForm } from '../export/adapter.ts';
import type { MethodAdaptation } from '../methods/method.ts';
import { methodNamed } from '../methods/registry.ts';
import { selectSites } from '../methods/targets.ts';
import { type LinearSite, unadapted } from '../models/adaptation.ts';
import { knownFingerprint } from '../models/base.ts';
import type { ModelConfig } from '../models/model.ts';
import { linearSites } from '../models/registry.ts';
import { networkTensors } from '../models/tensors.ts';
import { isUnconverted, localFolder, localTokenizer, resolveConfig, type ResolveOptions } from '../models/resolve.ts';
import { VeraError } from '../protocol/errors.ts';
import type { TrainPlan } from '../protocol/plans.ts';
import type { RunTime } from '../protocol/runTime.ts';
import {
  baseOfConfig,
  conversionBytes,
  evaluationWeights,
  memoryEstimate,
  type MemoryEstimate,
  stepFootprint,
} from './estimate.ts';
import type { EvaluationRequest } from './evaluateDataset.ts';
import { EVALUATION_LENGTH } from './evaluateSettings.ts';
import type { Planning } from './planning.ts';
import { layersOf, methodOptions, type TrainSettings } from './settings.ts';
import { dataPlan, savingsPlan } from './planParts.ts';
import { runTimeOf, toMakeOf } from './runTime.ts';
import { tokensAtOnce } from './step.ts';
import { thetaSize } from './trainable.ts';
import { workloadOf } from './workload.ts';

/** The plan of work on a base, estimated from its config and the graph that will run. */
export interface WorkPlan {
  readonly memory: MemoryEstimate;
  readonly trainableParameters: number;
  readonly adaptedLayers: number;
  /** How long a step takes and how many tokens it reads, if that was requested. */
  readonly secondsPerStep?: number;
  readonly tokensPerStep?: number;
  /** How long its phases take, if that was requested. */
  readonly time?: RunTime;
  /** The weight format, and why if it was not chosen by a person. */
  readonly weights?: ChosenFormat;
  /** Its costs beside LoRA, if that was requested. */
  readonly savings?: TrainPlan['savings'];
  /** Facts about the dataset, if that was requested and the base is on this machine. */
  readonly data?: TrainPlan['data'];
}

/** How a run adapts a base, from its config alone, and the layers that it adapts. */
export function adaptationOf(
  settings: TrainSettings,
  config: ModelConfig,
): { sites: readonly LinearSite[]; adaptation: MethodAdaptation } {
  const method = methodNamed(settings.method);
  const all = method.adapts === 'all';
  const { targets, layers } = layersOf(settings);
  const sites = all ? [] : selectSites(linearSites(config), targets, layers);
  const tensors = all ? networkTensors(baseOfConfig(config)) : [];
  return { sites, adaptation: method.create(sites, methodOptions(settings), tensors) };
}

/** The plan of a training run. With a `planning` also its time, its data and its costs beside LoRA. */
export async function planTraining(
  given: TrainSettings,
  { planning, ...options }: ResolveOptions & { readonly planning?: Planning | undefined },
): Promise<WorkPlan> {
  if (!existsSync(given.data)) throw new VeraError('data', `${given.data} is not there`);
  const config = await resolveConfig(given.base, options);
  const weights = await chosenFormat(given, config, options.cache);
  const settings = { ...given, precision: weights.precision };
  const { precision, objective, batch, threads } = settings;
  const { sites, adaptation } = adaptationOf(settings, config);
  const length = rowLength(settings.length, config.maxLength);
  const step = stepFootprint(config, adaptation, { precision, objective, batch, length });
  const trainableParameters = thetaSize(adaptation);
  const converts = isUnconverted(settings.base, options);
  const beside = {
    evaluating: settings.heldOut > 0 ? evaluationWeights(config, { precision, objective, batch, length }) : 0,
    converting: converts ? conversionBytes(config) : 0,
  };
  const memory = memoryEstimate(step, trainableParameters, beside);
  const counted = { memory, trainableParameters, adaptedLayers: sites.length, weights };
  if (planning === undefined) return counted;
  const rates = await planning.rates(precision, threads);
  const ready = { ...settings, length };
  const data = await dataPlan(ready, options, planning);
  const tokenizer = data === undefined ? undefined : await localTokenizer(settings.base, options);
  const dataset = tokenizer === undefined ? undefined : await planning.dataset(ready, tokenizer);
  const atOnce = tokensAtOnce(adaptation, length, batch * length);
  const workload = dataset === undefined ? undefined : await workloadOf(dataset, ready, atOnce);
  const dir = converts ? undefined : await localFolder(settings.base, options);
  const fingerprint = dir === undefined ? undefined : knownFingerprint(dir, options.cache);
  const toMake = { ...toMakeOf({ dir, fingerprint }, precision, options.cache), folder: converts };
  const time = runTimeOf({ config, adaptation, settings: ready, workload, toMake }, rates);
  const savings = savingsPlan(settings, config, sites, beside);
  return {
    ...counted,
    ...{ secondsPerStep: time.step, tokensPerStep: settings.accumulate * batch * length, time },
    ...(data === undefined ? {} : { data }),
    ...(savings === undefined ? {} : { savings }),
  };
}

/** The plan of an evaluation, with the method, options and layers of the adapter if there is one. */
export async function planEvaluation(
  { data, base, adapter, settings }: EvaluationRequest & { readonly base: string },
  options: ResolveOptions,
): Promise<WorkPlan> {
  if (!existsSync(data)) throw new VeraError('data', `${data} is not there`);
  const config = await resolveConfig(base, options);
  const { batch, precision, objective } = settings;
  const length = rowLength(settings.length, config.maxLength, EVALUATION_LENGTH);
  const form = adapter === undefined ? undefined : loadForm(adapter, { dir: base, config });
  const adaptation = form ? form.method.create(form.sites, form.options, []) : unadapted;
  const step = stepFootprint(config, adaptation, { precision, objective, batch, length }, false);
  return { memory: memoryEstimate(step, 0), trainableParameters: 0, adaptedLayers: form?.sites.length ?? 0 };
}

/** Most memory that merging and exporting take beside the program: weights in float32, and one of them twice more. */
export async function modelMemory(base: string, options: ResolveOptions): Promise<number> {
  const sizes = [...baseOfConfig(await resolveConfig(base, options)).tensors.values()].map(({ shape }) =>
    shape.reduce((a, b) => a * b, 4),
  );
  return sizes.reduce((a, b) => a + b, 0) + 2 * Math.max(...sizes);
}
