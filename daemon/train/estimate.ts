import { type Adaptation, unadapted } from '../models/adaptation.ts';
import type { BaseModel } from '../models/base.ts';
import type { ModelConfig } from '../models/model.ts';
import { tensorShapes } from '../models/tensors.ts';
import { footprint } from './footprint.ts';
import type { Footprint } from './footprint.ts';
import { defaultThreads } from '../runtime/threads.ts';
import { weightFormat } from '../weights/registry.ts';
import { objectiveNamed } from '../objectives/registry.ts';
import { stepGraph, tokensAtOnce } from './step.ts';
import type { Throughput } from './throughput.ts';
import type { BatchParts } from './workload.ts';

export interface StepShape {
  /** The name of a weight format. */
  readonly precision: string;
  /** The name of an objective; the default is the registry's first. */
  readonly objective?: string | undefined;
  /** Rows of a batch. */
  readonly batch: number;
  /** Tokens of a row. */
  readonly length: number;
}

/** A base without its weights: only what its config says. */
export function baseOfConfig(config: ModelConfig): BaseModel {
  const entry = { dtype: 'F32', file: '', offset: 0, length: 0 } as const;
  const tensors = [...tensorShapes(config)].map(([name, shape]) => [name, { ...entry, name, shape }] as const);
  return { dir: '', config, tensors: new Map(tensors), fingerprint: '' };
}

/**
 * What a step needs. It is read from the graph that will run, in the parts in which it will run. No weights are needed, and
 * nothing is computed. `train` false: a step that finds the loss without a gradient. `usual`: the batches as the data makes them,
 * which decide the time; memory is that of full ones.
 */
export function stepFootprint(
  config: ModelConfig,
  adaptation: Adaptation,
  { precision, objective, batch, length }: StepShape,
  train = true,
  usual?: BatchParts,
): Footprint {
  const tokens = tokensAtOnce(adaptation, length, batch * length);
  const rows = Math.max(1, Math.floor(tokens / length));
  const graph = stepGraph(
    {
      ...{ base: baseOfConfig(config), adaptation, precision, objective },
      ...{ maxLength: length, tokens, cache: '', dropout: false },
    },
    train,
  );
  const parts = Math.ceil(batch / rows);
  const { sizes } = objectiveNamed(objective);
  const part = footprint(graph, sizes(rows, length));
  const lanes = train ? weightFormat(precision).lanes(defaultThreads(), parts) : 1;
  const timed =
    usual === undefined ? part : footprint(graph, sizes(usual.tokens / usual.length, usual.length, usual.counted));
  const times = usual?.parts ?? parts;
  return {
    ...part,
    peakBytes: lanes * part.peakBytes,
    weightBytes: lanes * part.weightBytes,
    operations: Object.fromEntries(Object.entries(timed.operations).map(([type, count]) => [type, times * count])),
    trafficBytes: times * timed.trafficBytes,
  };
}

/** The parts of the peak memory of training, in bytes. */
export interface MemoryEstimate {
  /** Node, onnxruntime and the program. */
  readonly process: number;
  /** The base's weights in their weight format. */
  readonly weights: number;
  /** The weights again, as the evaluation on held-out rows has them. */
  readonly evaluating: number;
  /** What the conversion of a GGUF file leaves behind. */
  readonly converting: number;
  /** A method's frozen matrices (VeRA's A and B), and tables. */
  readonly constants: number;
  /** Trained numbers, their gradient, and Adam's two moments. */
  readonly trainable: number;
  /** Intermediate values of one step. */
  readonly intermediates: number;
  readonly total: number;
}

/** Resident memory of a worker that has not loaded a model yet. */
export const PROCESS_BYTES = 200e6;
/** A constant is in JavaScript, in the bytes of the graph while these are read, and in onnxruntime. */
const CONSTANT_COPIES = 3;
/** theta, its gradient, and two moments. */
const TRAINABLE_COPIES = 4;
/**
 * How much more memory onnxruntime's allocator takes than the values need. Measured on SmolLM2-135M with 4 x 256 tokens, VeRA
 * of rank 256 on q and v, two threads: in fp32 a peak of 1227 MB with 466 MB of values and 538 MB of weights; in int8 a peak of
 * 1966 MB with 428 MB and 355 MB in each of two lanes.
 */
const ALLOCATOR_FACTOR = 1.2;

/** Bytes of the weights of the graph that evaluates, which stays in memory beside that of the steps. */
export const evaluationWeights = (config: ModelConfig, shape: StepShape): number =>
  stepFootprint(config, unadapted, shape, false).weightBytes;

/** What converting a GGUF file leaves in memory: about its largest tensor in float32. */
export const conversionBytes = (config: ModelConfig): number =>
  Math.max(...[...tensorShapes(config).values()].map((shape) => shape.reduce((a, b) => a * b, 4)));

/** The memory of work with a step. `evaluating`, `converting`: bytes that come on top of it. */
export function memoryEstimate(
  step: Footprint,
  parameters: number,
  { evaluating = 0, converting = 0 }: Partial<Pick<MemoryEstimate, 'evaluating' | 'converting'>> = {},
): MemoryEstimate {
  const terms = {
    process: PROCESS_BYTES,
    weights: step.weightBytes,
    ...{ evaluating, converting },
    constants: CONSTANT_COPIES * step.constantBytes,
    trainable: TRAINABLE_COPIES * 4 * parameters,
    intermediates: Math.round(ALLOCATOR_FACTOR * step.peakBytes),
  };
  return { ...terms, total: Object.values(terms).reduce((sum, bytes) => sum + bytes, 0) };
}

/** Seconds of one step, if products and passes over memory run one after the other at the measured rates. */
export function secondsEstimate(step: Footprint, rates: Throughput): number {
  let seconds = step.trafficBytes / rates.trafficBytes;
  for (const [type, count] of Object.entries(step.operations)) {
    const rate = rates.operations[type];
    if (rate === undefined) throw new Error(`the rate of products in ${type} was not measured`);
    seconds += count / rate;
  }
  return seconds;
}
