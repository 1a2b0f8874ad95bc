import { existsSync } from 'node:fs';
import { rowLength } from '../data/settings.ts';
import { loadForm } from '../export/adapter.ts';
import { methodNamed } from '../methods/registry.ts';
import { selectSites } from '../methods/targets.ts';
import { unadapted } from '../models/adaptation.ts';
import { linearSites } from '../models/registry.ts';
import { networkTensors } from '../models/tensors.ts';
import { resolveConfig, type ResolveOptions } from '../models/resolve.ts';
import { VeraError } from '../protocol/errors.ts';
import type { TrainPlan } from '../protocol/plans.ts';
import { baseOfConfig, memoryEstimate, type MemoryEstimate, secondsEstimate, stepFootprint } from './estimate.ts';
import type { EvaluationRequest } from './evaluateDataset.ts';
import { EVALUATION_LENGTH } from './evaluateSettings.ts';
import type { Footprint } from './footprint.ts';
import { layersOf, methodOptions, type TrainSettings } from './settings.ts';
import { surveyData, surveySavings } from './survey.ts';
import { measureThroughput } from './throughput.ts';
import { thetaSize } from './trainable.ts';

/** What work on a base will take, told from its config and the graph that will run. */
export interface Preflight {
  readonly memory: MemoryEstimate;
  readonly trainableParameters: number;
  readonly adaptedLayers: number;
  /** How long a step takes, where that was asked for. */
  readonly secondsPerStep?: number;
  /** What it costs beside LoRA, where that was asked for. */
  readonly savings?: TrainPlan['savings'];
  /** What the dataset gives, where that was asked for and the base is here. */
  readonly data?: TrainPlan['data'];
}

/** Preflight of a training run. `measure`: its time and data too, which takes a third of a second and a look at every row. */
export async function preflightTraining(
  settings: TrainSettings,
  options: ResolveOptions & { readonly measure?: boolean },
): Promise<Preflight> {
  if (!existsSync(settings.data)) throw new VeraError('data', `${settings.data} is not there`);
  const config = await resolveConfig(settings.base, options);
  const { precision, objective, batch, threads } = settings;
  const method = methodNamed(settings.method);
  const all = method.adapts === 'all';
  const { targets, layers } = layersOf(settings);
  const sites = all ? [] : selectSites(linearSites(config), targets, layers);
  const tensors = all ? networkTensors(baseOfConfig(config)) : [];
  const adaptation = method.create(sites, methodOptions(settings), tensors);
  const length = rowLength(settings.length, config.maxLength);
  const step = stepFootprint(config, adaptation, { precision, objective, batch, length });
  const seconds = options.measure ? { secondsPerStep: await secondsOf(step, precision, threads) } : {};
  const trainableParameters = thetaSize(adaptation);
  const memory = memoryEstimate(step, trainableParameters);
  const told = { memory, trainableParameters, adaptedLayers: sites.length, ...seconds };
  if (!options.measure) return told;
  const data = await surveyData(settings, config, options);
  const savings = surveySavings(settings, config, sites);
  return { ...told, ...(data === undefined ? {} : { data }), ...(savings === undefined ? {} : { savings }) };
}

/** Preflight of an evaluation: of the adapter's own method, options and layers, where there is one. */
export async function preflightEvaluation(
  { data, base, adapter, settings }: EvaluationRequest & { readonly base: string },
  options: ResolveOptions,
): Promise<Preflight> {
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
export async function preflightModel(base: string, options: ResolveOptions): Promise<number> {
  const sizes = [...baseOfConfig(await resolveConfig(base, options)).tensors.values()].map(({ shape }) =>
    shape.reduce((a, b) => a * b, 4),
  );
  return sizes.reduce((a, b) => a + b, 0) + 2 * Math.max(...sizes);
}

const secondsOf = async (step: Footprint, precision: string, threads: number): Promise<number> =>
  secondsEstimate(step, await measureThroughput(precision, threads));
