import { existsSync, statSync } from 'node:fs';
import type { Adaptation } from '../models/adaptation.ts';
import type { ModelConfig } from '../models/model.ts';
import { parameterCount } from '../models/tensors.ts';
import { copiesFolder } from '../weights/folder.ts';
import { weightFormat } from '../weights/registry.ts';
import type { RunTime } from '../protocol/runTime.ts';
import { secondsEstimate, stepFootprint, type StepShape } from './estimate.ts';
import type { TrainSettings } from './settings.ts';
import type { Throughput } from './throughput.ts';
import type { Workload } from './workload.ts';

/** What has to be made of a base before a run can start: its folder (of a GGUF file), its fingerprint, copies of its weights. */
export interface ToMake {
  readonly folder: boolean;
  readonly fingerprint: boolean;
  readonly copies: boolean;
}

/** What is missing of a base. `dir`: its folder, if it has one; `fingerprint`, if it is known. */
export function toMakeOf(
  { dir, fingerprint }: { dir: string | undefined; fingerprint: string | undefined },
  precision: string,
  cache: string,
): ToMake {
  const makesCopies = weightFormat(precision).copies.some(({ asStored }) => asStored === undefined);
  const copies = makesCopies && (fingerprint === undefined || !existsSync(copiesFolder(cache, fingerprint)));
  return { folder: dir === undefined, fingerprint: fingerprint === undefined, copies };
}

/** What is known of a run before it starts. */
export interface RunFacts {
  readonly config: ModelConfig;
  readonly adaptation: Adaptation;
  readonly settings: TrainSettings & { readonly length: number };
  /** Absent while the data cannot be read: then batches are taken to be full. */
  readonly workload?: Workload | undefined;
  /** What has to be made of the base first. */
  readonly toMake: ToMake;
}

/**
 * How the slow work beside steps compares with the rate at which this machine passes numbers through memory. Measured on two cores
 * of a Xeon (26 GB/s) with SmolLM2-135M: 538 MB are converted in 2.3 s, hashed in 0.6 s and copied as int8 in 5 s, and a session opens
 * its weights in 0.3 s.
 */
const CONVERTING = 110;
const HASHING = 29;
const COPYING = 240;
const OPENING = 14;
/** A token of a sample reads all weights once. */
const SAMPLE_READS = 0.7;
/** Tokens of a prompt are read together, and cost about as much as so many written ones. */
const PROMPT_READS = 4;
/** Seconds to start a worker, and to build the graph of a layer and its gradient. */
const STARTING = 0.9;
const GRAPH_OF_LAYER = 0.012;
/** Bytes of data that are opened, indexed and checked per second; up to so many are checked before training. */
const READING = 18e6;
const CHECKED_BYTES = 64e6;
/** Batches of an evaluation while nobody knows how many rows are held out. */
const UNKNOWN_BATCHES = 8;
const SAVING = 0.3;

/** Seconds of the parts of a run at the rates of this machine. The plan, the run and its report have no other estimate of time. */
export function runTimeOf({ config, adaptation, settings, workload, toMake }: RunFacts, rates: Throughput): RunTime {
  const { precision, objective, batch, length, heldOut, evalBatches, sampleTokens, samplePrompts } = settings;
  const shape: StepShape = { precision, objective, batch, length };
  const step = stepFootprint(config, adaptation, shape, true, workload?.step);
  const held = workload === undefined ? heldOut > 0 : workload.evaluation !== undefined;
  const evaluation = held ? stepFootprint(config, adaptation, shape, false, workload?.evaluation?.batch) : undefined;
  const batches = workload?.evaluation?.batches ?? Math.min(evalBatches || Infinity, UNKNOWN_BATCHES);
  const whole = (4 * parameterCount(config)) / rates.trafficBytes;
  const reading = step.weightBytes / rates.trafficBytes;
  const graph = config.layers * GRAPH_OF_LAYER + OPENING * reading;
  const prompts = sampleTokens === 0 ? 0 : (samplePrompts?.length ?? 1);
  return {
    base: ((toMake.folder ? CONVERTING : 0) + (toMake.fingerprint ? HASHING : 0)) * whole,
    copies: toMake.copies ? COPYING * whole : 0,
    data: STARTING + Math.min(CHECKED_BYTES, bytesOf(settings.data)) / READING,
    evaluation: evaluation === undefined ? 0 : batches * secondsEstimate(evaluation, rates),
    evalEvery: settings.evalEvery ?? null,
    samples: prompts === 0 ? 0 : graph + prompts * (sampleTokens + PROMPT_READS) * SAMPLE_READS * reading,
    graphs: graph * (held ? 1.5 : 1),
    step: settings.accumulate * secondsEstimate(step, rates),
    end: SAVING,
  };
}

/** Bytes of a file; of a folder, whose files are read as they come, none. */
export function bytesOf(data: string): number {
  const status = statSync(data, { throwIfNoEntry: false });
  return status?.isFile() === true ? status.size : 0;
}
