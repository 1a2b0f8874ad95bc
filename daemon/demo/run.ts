/**
 * The demo: trains, counts and merges as the commands of `vera` do, with the bundled model and this repository's own source.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadAdapter } from '../export/adapter.ts';
import { mergeModel } from '../export/merge.ts';
import type { MergeReport } from '../export/merge.ts';
import { quote } from '../formats/quote.ts';
import { cacheFolder } from '../home.ts';
import type { LinearMethod, MethodOptions } from '../methods/method.ts';
import { optionsOf } from '../methods/options.ts';
import { adapterMethod, BASELINES } from '../methods/registry.ts';
import { type Savings, savings } from '../methods/savings.ts';
import { resolveBase } from '../models/resolve.ts';
import { parameterCount } from '../models/tensors.ts';
import { VeraError } from '../protocol/errors.ts';
import type { RunEvent } from '../protocol/runEvents.ts';
import { completeSettings } from '../train/settings.ts';
import type { TrainSettings } from '../train/settings.ts';
import { startTraining } from '../train/supervise.ts';

/** The bundled model, and its training data: this repository's source. */
export const DEMO_MODEL = import.meta.dirname;
export const DEMO_DATA = resolve(import.meta.dirname, '..');

export interface DemoOptions {
  readonly base: string;
  readonly data: string;
  /** Folder for the adapter and the merged model: new or empty. */
  readonly out: string;
  readonly steps: number;
  readonly threads?: number;
}

export type DemoEvent =
  | { event: 'model'; folder: string; parameters: number; settings: TrainSettings }
  | RunEvent
  | { event: 'savings'; own: MethodSavings; baselines: readonly MethodSavings[] }
  | { event: 'merged'; out: string; report: MergeReport };

export interface DemoResult {
  readonly adapter: string;
  readonly model: string;
}

/** What an adapter of a method costs. */
export interface MethodSavings extends Savings {
  readonly method: string;
}

/**
 * Settings that suit a model this small, found by trying. With a width of 192, a rank beyond 64 costs time and gains nothing,
 * and b needs a learning rate far above that of a large model. Evaluation is bounded, so the demo does not take longer as the
 * source grows.
 */
const SETTINGS = {
  method: 'vera',
  rank: 64,
  targets: 'all-linear',
  batch: 2,
  length: 256,
  lrB: 0.1,
  lrD: 0.05,
  fimRate: 0,
  heldOut: 0.04,
  evalBatches: 24,
  sampleTokens: 40,
} as const;

/** About a minute on two cores that have other work too. */
export const DEMO_STEPS = 80;

/** The settings of the demo's training run. The held-out loss decides which parameters are kept. */
export function demoSettings({ base, data, out, steps, threads }: DemoOptions): TrainSettings {
  return completeSettings({
    ...SETTINGS,
    ...{ base, data, out: join(out, 'adapter'), steps, evalEvery: steps, threads },
    // The reader of code does not read this kind of file, so the model never trains on the prompt.
    samplePrompts: [readFileSync(join(DEMO_MODEL, 'prompt.txt'), 'utf8').trimEnd()],
  });
}

/**
 * Runs the demo; `tell` receives every event. Throws VeraError 'model' if the base is not there, and what training and
 * merging throw.
 */
export async function runDemo(options: DemoOptions, tell: (event: DemoEvent) => void): Promise<DemoResult> {
  if (!existsSync(join(options.base, 'model.safetensors')))
    throw new VeraError(
      'model',
      `${quote(options.base)} holds no model.safetensors; the demo runs in a checkout of the repository, which brings its model`,
    );
  const base = await resolveBase(options.base, { cache: cacheFolder() });
  const settings = demoSettings(options);
  const parameters = parameterCount(base.config);
  tell({ event: 'model', folder: options.base, parameters, settings });
  await startTraining(settings, false, tell).ended;

  const loaded = loadAdapter(settings.out, base);
  const { sites, options: own } = loaded.adapter;
  const costOf = (method: LinearMethod, options: MethodOptions): MethodSavings => ({
    method: method.label,
    ...savings(method, sites, options),
  });
  const baselines = BASELINES.flatMap(({ method, ranks }) =>
    ranks.map((rank) => costOf(method, optionsOf(method, { rank }))),
  );
  tell({ event: 'savings', own: costOf(adapterMethod(loaded.adapter.method), own), baselines });

  const out = join(options.out, 'model');
  const report = await mergeModel({ ...loaded, base, out, cache: cacheFolder() });
  tell({ event: 'merged', out, report });
  return { adapter: settings.out, model: out };
}
