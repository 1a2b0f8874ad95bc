import type { Batch } from '../data/batch.ts';
import { gradients } from '../graph/autodiff.ts';
import { Graph } from '../graph/graph.ts';
import { deadCode } from '../graph/passes/deadCode.ts';
import { lower } from '../graph/passes/lower.ts';
import { rematerialise } from '../graph/passes/rematerialise.ts';
import { layoutOf } from '../layout.ts';
import type { Adaptation } from '../models/adaptation.ts';
import { adaptedNetwork } from '../models/adapted.ts';
import type { BaseModel } from '../models/base.ts';
import type { Objective } from '../objectives/objective.ts';
import { objectiveNamed } from '../objectives/registry.ts';
import { cpu } from '../runtime/cpu.ts';
import type { Feeds, Loaded, LoadOptions, PlainTensor } from '../runtime/executor.ts';
import { defaultThreads } from '../runtime/threads.ts';
import { weightLocator } from '../weights/locate.ts';
import { weightFormat } from '../weights/registry.ts';
import { MICRO_TOKENS, type MicroBatch, microBatches } from './microBatch.ts';

export interface StepOptions {
  readonly base: BaseModel;
  readonly adaptation: Adaptation;
  /** The name of a weight format. */
  readonly precision: string;
  /** The name of an objective; the default is the registry's first. */
  readonly objective?: string | undefined;
  /** Tokens of the longest row. */
  readonly maxLength: number;
  /** About how many tokens run through the network at once (`tokensAtOnce` of a batch). */
  readonly tokens: number;
  /** The folder for cached copies of weights. */
  readonly cache: string;
  readonly dropout: boolean;
  readonly session?: LoadOptions;
}

export interface StepResult {
  /** The objective's summed loss; for the next token, -log p over the tokens counted in the loss, in nats. */
  readonly loss: number;
  /** In evaluation: how many of what was counted were predicted right, if the objective says it. */
  readonly right?: number;
  /** Gradient of that sum, in the layout of theta. */
  readonly gradient: Float32Array;
}

/** From this many tokens at once, activations are computed again and not kept. With fewer, keeping them costs little memory. */
const REMATERIALISE_FROM = 512;

/** From this many trainable numbers, adding up the gradient many times per step takes too long. */
const LONG_GRADIENT = 1 << 20;
const LONG_GRADIENT_TOKENS = 2048;

/**
 * Tokens of one run of the graph. Rows are never cut. A long gradient (as when all weights are trained) needs fewer, larger
 * runs.
 */
export function tokensAtOnce(adaptation: Adaptation, maxLength: number, tokens: number): number {
  const { size } = layoutOf(adaptation.parameters);
  return Math.min(tokens, Math.max(maxLength, size > LONG_GRADIENT ? LONG_GRADIENT_TOKENS : MICRO_TOKENS));
}

/**
 * The graph of one step: (theta, part of a batch) -> (loss, gradient), or the loss alone. The objective adds the batch's
 * inputs.
 */
export function stepGraph(options: StepOptions, train: boolean): Graph {
  const { base, adaptation, precision } = options;
  const g = new Graph();
  const noise = train && options.dropout ? g.input('noise', 'int64', ['tokens']) : undefined;
  const net = adaptedNetwork(g, {
    ...{ base, adaptation, precision, noise },
    tokens: options.tokens,
    differentiable: train,
  });
  const loss = objectiveNamed(options.objective).loss(net, base.config, { maxLength: options.maxLength, train });
  g.output('loss', loss);
  if (!train) return deadCode(lower(g));
  const { of, entry } = gradients(g, loss, net.trained.pieces);
  const zeros = layoutOf(adaptation.parameters).entries.map(({ start, end }) => new Float32Array(end - start));
  const pieces = of.map((gradient, i) => gradient ?? g.constant(zeros[i]!));
  g.output('gradient', g.concat(pieces, net.trained.axis));
  return deadCode(lower(options.tokens > REMATERIALISE_FROM ? rematerialise(g, entry) : g));
}

/** Runs steps: finds the loss of a batch and its gradient for the trainable vector. */
export class Step {
  /** The objective that it trains for. */
  readonly objective: Objective;
  readonly #graph: Loaded;
  readonly #options: StepOptions;
  readonly #train: boolean;

  private constructor(graph: Loaded, options: StepOptions, train: boolean) {
    this.objective = objectiveNamed(options.objective);
    this.#graph = graph;
    this.#options = options;
    this.#train = train;
  }

  /** `train`: whether the gradient is wanted too. Throws VeraError 'model' and 'runtime'. */
  static async create(asked: StepOptions, train: boolean): Promise<Step> {
    const { adaptation, maxLength, tokens, precision, base, cache } = asked;
    const options = { ...asked, tokens: tokensAtOnce(adaptation, maxLength, tokens) };
    const threads = asked.session?.threads ?? defaultThreads();
    const lanes = train ? weightFormat(precision).lanes(threads, Math.ceil(tokens / options.tokens)) : 1;
    const session = { ...asked.session, threads, lanes };
    return new Step(await cpu.load(stepGraph(options, train), weightLocator(base, cache), session), options, train);
  }

  /**
   * theta: the trainable vector; noise: one odd number per token where dropout is on. The gradient is empty in evaluation.
   * The batch runs in parts, which are always cut in the same way and added in the same order, so the sums have the same bits
   * each time.
   */
  async run(theta: Float32Array, batch: Batch, noise?: BigInt64Array): Promise<StepResult> {
    const jobs: Feeds[] = [];
    for (const part of microBatches(batch, this.#options.tokens))
      jobs.push({
        ...this.objective.feeds(part),
        ...this.#activeOf(part),
        ...(noise ? this.#noiseOf(part, noise) : {}),
      });
    if (theta.length > 0) this.#graph.keep({ theta: { type: 'float32', data: theta, dims: [theta.length] } });
    const results = await this.#graph.runAll(jobs);
    const gradient = new Float32Array(this.#train ? theta.length : 0);
    let loss = 0;
    let right: number | undefined;
    for (const result of results) {
      loss += result['loss']![0]!;
      if (result['right']) right = (right ?? 0) + result['right'][0]!;
      const piece = result['gradient'];
      if (piece) for (let i = 0; i < gradient.length; i++) gradient[i] = gradient[i]! + piece[i]!;
    }
    return { loss, gradient, ...(right === undefined ? {} : { right }) };
  }

  #activeOf({ active }: MicroBatch): { active?: PlainTensor } {
    if (!this.#options.adaptation.late) return {};
    if (!active) throw new Error('the adapter starts late, but the batch does not say where');
    return { active: { type: 'float32', data: active, dims: [active.length] } };
  }

  #noiseOf({ from }: MicroBatch, noise: BigInt64Array): { noise?: PlainTensor } {
    if (!this.#train || !this.#options.dropout) return {};
    return { noise: { type: 'int64', data: BigInt64Array.from(from, (i) => noise[i]!), dims: [from.length] } };
  }

  async release(): Promise<void> {
    await this.#graph.release();
  }
}
