import { rowLength } from '../data/settings.ts';
import { savings } from '../methods/savings.ts';
import type { LinearMethod, MethodOptions } from '../methods/method.ts';
import { optionsOf, rankOf } from '../methods/options.ts';
import { BASELINES, methodNamed } from '../methods/registry.ts';
import type { LinearSite } from '../models/adaptation.ts';
import type { ModelConfig } from '../models/model.ts';
import { localTokenizer, type ResolveOptions } from '../models/resolve.ts';
import type { Savings } from '../protocol/panel.ts';
import type { TrainPlan } from '../protocol/plans.ts';
import { estimateSteps } from './batchSource.ts';
import { type MemoryEstimate, memoryEstimate, stepFootprint } from './estimate.ts';
import type { Planning } from './planning.ts';
import { methodOptions, type ReadySettings, type TrainSettings } from './settings.ts';

/**
 * Reads the dataset as the run will: its format, its rows, and the steps they make. Undefined while the base's tokenizer would
 * have to be downloaded first (that of a GGUF file is read from its header), and where no data is to be read. Throws VeraError 'data' with file and line.
 */
export async function dataPlan(
  settings: ReadySettings,
  options: ResolveOptions,
  planning: Planning,
): Promise<TrainPlan['data']> {
  const folder = await localTokenizer(settings.base, options);
  if (folder === undefined) return undefined;
  const dataset = await planning.dataset(settings, folder);
  if (dataset === undefined) return undefined;
  const steps = await estimateSteps(dataset, settings);
  dataset.survey();
  const { format, skipped, rows, heldOutRows, notes, leftOut } = dataset;
  return {
    format,
    rows,
    heldOutRows,
    skipped: skipped.count,
    firstSkipped: skipped.first ?? null,
    leftOut,
    notes: [...notes],
    steps,
  };
}

/** What the run costs beside the baselines on the same layers, from counts and the graphs that would run; nothing is measured.
 * `beside`: memory that all of them take on top. */
export function savingsPlan(
  settings: TrainSettings,
  config: ModelConfig,
  sites: readonly LinearSite[],
  beside: Partial<MemoryEstimate> = {},
): Savings | undefined {
  const { precision, objective, batch, projection } = settings;
  const method = methodNamed(settings.method);
  if (method.adapts !== 'linear') return undefined;
  const length = rowLength(settings.length, config.maxLength);
  const costOf = (one: LinearMethod, options: MethodOptions, whole: boolean) => {
    const { parameters, bytes, fullBytes, gradientBytes, optimizerBytes } = savings(one, sites, options);
    const step = stepFootprint(config, one.create(sites, options, []), { precision, objective, batch, length });
    return {
      method: one.label,
      parameters,
      adapterBytes: whole ? fullBytes : bytes,
      optimizerBytes: gradientBytes + optimizerBytes,
      peakBytes: memoryEstimate(step, parameters, beside).total,
    };
  };
  const own = methodOptions(settings);
  const rank = rankOf(own);
  const baselines = BASELINES.flatMap(({ method: one, ranks }) =>
    ranks
      .filter((other) => one !== method || other !== rank)
      .map((other) => ({ rank: other, ...costOf(one, optionsOf(one, { rank: other }), false) })),
  );
  return { own: { rank, ...costOf(method, own, projection) }, measured: null, baselines };
}
