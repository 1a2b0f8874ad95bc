import { rowLength } from '../data/settings.ts';
import { loadTokenizer } from '../data/tokenizer.ts';
import { savings } from '../methods/savings.ts';
import type { Method } from '../methods/method.ts';
import { methodNamed } from '../methods/registry.ts';
import type { LinearSite } from '../models/adaptation.ts';
import type { ModelConfig } from '../models/model.ts';
import { localFolder, type ResolveOptions } from '../models/resolve.ts';
import type { Savings } from '../protocol/panel.ts';
import type { TrainPlan } from '../protocol/plans.ts';
import { foreseenSteps } from './batchSource.ts';
import { memoryEstimate, stepFootprint } from './estimate.ts';
import { openData } from './prepare.ts';
import { methodOptions, type TrainSettings } from './settings.ts';

/** Ranks of LoRA that costs are shown beside: from the least there is to the most that is usual. */
const LORA_RANKS = [4, 16, 64];

/**
 * Reads the dataset as the run will: its form, its rows, and the steps they make. Undefined while the base's tokenizer would
 * have to be downloaded first. Throws VeraError 'data' with file and line.
 */
export async function surveyData(
  given: TrainSettings,
  config: ModelConfig,
  options: ResolveOptions,
): Promise<TrainPlan['data']> {
  const folder = await localFolder(given.base, options);
  if (folder === undefined) return undefined;
  const settings = { ...given, length: rowLength(given.length, config.maxLength) };
  const dataset = await openData(settings, loadTokenizer(folder));
  try {
    const steps = await foreseenSteps(dataset, settings);
    const { skipped, rows, heldOutRows } = dataset;
    return {
      format: dataset.format,
      rows,
      heldOutRows,
      skipped: skipped.count,
      firstSkipped: skipped.first ?? null,
      steps,
    };
  } finally {
    dataset.close();
  }
}

/** What the run costs beside LoRA of the same layers, from counts and the graphs that would run; nothing is measured. */
export function surveySavings(
  settings: TrainSettings,
  config: ModelConfig,
  sites: readonly LinearSite[],
): Savings | undefined {
  const { method, precision, objective, batch } = settings;
  const { rank } = methodOptions(settings);
  if (method !== 'vera' && method !== 'lora') return undefined;
  const length = rowLength(settings.length, config.maxLength);
  const costOf = (way: 'vera' | 'lora', of: number, projection: boolean) => {
    const { parameters, bytes, fullBytes, gradientBytes, optimizerBytes } = savings(way, sites, of);
    const adaptation = createWith(methodNamed(way), settings, sites, of);
    const step = stepFootprint(config, adaptation, { precision, objective, batch, length });
    return {
      parameters,
      adapterBytes: projection ? fullBytes : bytes,
      optimizerBytes: gradientBytes + optimizerBytes,
      peakBytes: memoryEstimate(step, parameters).total,
    };
  };
  const ranks = method === 'lora' ? LORA_RANKS.filter((one) => one !== rank) : LORA_RANKS;
  return {
    own: { method: method === 'vera' ? 'VeRA' : 'LoRA', rank, ...costOf(method, rank, settings.projection) },
    measured: null,
    lora: ranks.map((one) => ({ rank: one, ...costOf('lora', one, false) })),
  };
}

function createWith(
  method: Method,
  settings: TrainSettings,
  sites: readonly LinearSite[],
  rank: number,
): ReturnType<Method['create']> {
  return method.create(sites, { ...methodOptions(settings), rank, alpha: rank }, []);
}
