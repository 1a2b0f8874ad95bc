import type { Batch } from '../data/batch.ts';
import { gradients } from '../graph/autodiff.ts';
import { Graph } from '../graph/graph.ts';
import { crossEntropy } from '../graph/ops/crossEntropy.ts';
import { selectRows } from '../graph/ops/selectRows.ts';
import { deadCode } from '../graph/passes/deadCode.ts';
import { lower } from '../graph/passes/lower.ts';
import { rematerialise } from '../graph/passes/rematerialise.ts';
import { layoutOf } from '../layout.ts';
import type { Adaptation } from '../models/adaptation.ts';
import { packedAttention } from '../models/attention.ts';
import { bindOne } from '../models/binding.ts';
import type { BaseModel } from '../models/base.ts';
import { shapeOf } from '../models/base.ts';
import { finalNorm, headWeight, llama } from '../models/llama.ts';
import { Network, type Precision } from '../models/network.ts';
import { weightLocator } from '../weights/locate.ts';
import { weightFormat } from '../weights/registry.ts';
import { MICRO_TOKENS, type MicroBatch, microBatches } from './microBatch.ts';
import { type Feeds, Lanes, type PlainTensor } from '../runtime/lanes.ts';
import { modelBytes, type SessionOptions } from '../runtime/session.ts';
import { defaultThreads } from '../runtime/threads.ts';

export interface StepOptions {
  readonly base: BaseModel;
  readonly adaptation: Adaptation;
  readonly precision: Precision;
  /** The longest row there will be. */
  readonly maxLength: number;
  /** About how many tokens run through the network at once (`tokensAtOnce` of a batch). */
  readonly tokens: number;
  /** Where transformed weights are kept. */
  readonly cache: string;
  readonly dropout: boolean;
  readonly session?: SessionOptions;
}

export interface StepResult {
  /** Sum of -log p over the counted tokens, in nats. */
  readonly loss: number;
  /** Gradient of that sum, laid out as theta. */
  readonly gradient: Float32Array;
}

/** Rows of hidden states whose logits are computed at once. */
export const CHUNK = 256;

/** Tokens at once from which activations are computed again rather than kept: below, keeping them costs little memory. */
const REMATERIALISE_FROM = 512;

/** Trainable numbers from which a gradient is too long to be added up many times a step. */
const LONG_GRADIENT = 1 << 20;
const LONG_GRADIENT_TOKENS = 2048;

/** Tokens of one run of the graph: rows are never cut, and a long gradient (as the `full` method has) wants fewer runs. */
export function tokensAtOnce(adaptation: Adaptation, maxLength: number, tokens: number): number {
  const { size } = layoutOf(adaptation.parameters);
  return Math.min(tokens, Math.max(maxLength, size > LONG_GRADIENT ? LONG_GRADIENT_TOKENS : MICRO_TOKENS));
}

/**
 * The graph of one step: (theta, batch) -> (loss, gradient), or the loss alone. theta: [parameters], ids: [tokens],
 * positions and segments: [batch, length], targets, labels and weights: [counted], inverse: [tokens].
 */
export function stepGraph(options: StepOptions, train: boolean): Graph {
  const { base, adaptation, precision } = options;
  const format = weightFormat(precision);
  const g = new Graph();
  const layout = layoutOf(adaptation.parameters);
  const trained = bindOne(g, layout);
  const ids = g.input('ids', 'int64', ['tokens']);
  const positions = g.input('positions', 'int64', ['batch', 'length']);
  const segments = g.input('segments', 'int64', ['batch', 'length']);
  const targets = g.input('targets', 'int64', ['counted']);
  const inverse = g.input('inverse', 'int64', ['tokens']);
  const labels = g.input('labels', 'int64', ['counted']);
  const weights = g.input('weights', 'float32', ['counted']);
  const noise = train && options.dropout ? g.input('noise', 'int64', ['tokens']) : undefined;
  const net = new Network(g, {
    format,
    adaptation,
    shapeOf: (name) => shapeOf(base, name),
    trained,
    tokens: options.tokens,
    differentiable: train,
    ...(noise ? { noise } : {}),
  });
  const attend = packedAttention(g, base.config, positions, segments, options.maxLength);
  const hidden = finalNorm(
    net,
    base.config,
    g.op(selectRows, [llama(net, base.config, ids, attend), targets, inverse]),
  );
  const name = headWeight(base.config);
  const head = net.weight(name);
  const trainsHead = net.trainedWeight(name) !== undefined;
  const { vocabulary, hidden: width } = base.config;
  const copies = format.logits(g, { name, dIn: width, dOut: vocabulary });
  const loss = g.op(crossEntropy, [hidden, labels, weights, head, ...copies], {
    chunk: CHUNK,
    mode: !train ? 'loss' : trainsHead ? 'head' : 'gradient',
  });
  g.output('loss', loss);
  if (!train) return deadCode(lower(g));
  const { of, entry } = gradients(g, loss, trained.pieces);
  const zeros = layout.entries.map(({ start, end }) => new Float32Array(end - start));
  const pieces = of.map((gradient, i) => gradient ?? g.constant(zeros[i] as Float32Array));
  g.output('gradient', g.concat(pieces, trained.axis));
  return deadCode(lower(options.tokens > REMATERIALISE_FROM ? rematerialise(g, entry) : g));
}

/** Runs steps: the loss of a batch, and its gradient for the trainable vector. */
export class Step {
  readonly #lanes: Lanes;
  readonly #options: StepOptions;
  readonly #train: boolean;

  private constructor(lanes: Lanes, options: StepOptions, train: boolean) {
    this.#lanes = lanes;
    this.#options = options;
    this.#train = train;
  }

  static async create(asked: StepOptions, train: boolean): Promise<Step> {
    const { adaptation, maxLength, tokens, precision } = asked;
    const options = { ...asked, tokens: tokensAtOnce(adaptation, maxLength, tokens) };
    const threads = asked.session?.threads ?? defaultThreads();
    const lanes = train ? weightFormat(precision).lanes(threads, Math.ceil(tokens / options.tokens)) : 1;
    const session = { ...asked.session, threads: Math.max(1, Math.floor(threads / lanes)) };
    const bytes = modelBytes(stepGraph(options, train), weightLocator(options.base, options.cache));
    return new Step(await Lanes.create(bytes, lanes, session), options, train);
  }

  /**
   * theta: the trainable vector; noise: one odd number per token where dropout is on. The gradient is empty in evaluation.
   * The batch runs in parts, always cut the same way and added in order, so that the sums are the same bits each time.
   */
  async run(theta: Float32Array, batch: Batch, noise?: BigInt64Array): Promise<StepResult> {
    const jobs: Feeds[] = [];
    for (const part of microBatches(batch, this.#options.tokens)) {
      const feeds = partFeeds(part);
      if (theta.length > 0) feeds['theta'] = { type: 'float32', data: theta, dims: [theta.length] };
      if (this.#train && this.#options.dropout && noise) {
        feeds['noise'] = {
          type: 'int64',
          data: BigInt64Array.from(part.from, (i) => noise[i] as bigint),
          dims: [part.from.length],
        };
      }
      jobs.push(feeds);
    }
    const results = await this.#lanes.run(jobs);
    const gradient = new Float32Array(this.#train ? theta.length : 0);
    let loss = 0;
    for (const result of results) {
      loss += (result['loss'] as Float32Array)[0] as number;
      const piece = result['gradient'];
      if (piece) for (let i = 0; i < gradient.length; i++) gradient[i] = (gradient[i] as number) + (piece[i] as number);
    }
    return { loss, gradient };
  }

  async release(): Promise<void> {
    await this.#lanes.release();
  }
}

/** The tensors of a part of a batch; counted positions of more than one chunk are padded to whole chunks by rows of weight zero. */
function partFeeds(part: MicroBatch): Feeds {
  const { rows, length, ids, positions, segments, targets, labels } = part;
  const counted = targets.length;
  const padded = counted <= CHUNK ? counted : Math.ceil(counted / CHUNK) * CHUNK;
  const int64 = (values: ArrayLike<number>, dims: number[], size = values.length): PlainTensor => {
    const data = new BigInt64Array(size);
    for (let i = 0; i < values.length; i++) data[i] = BigInt(values[i] as number);
    return { type: 'int64', data, dims };
  };
  const weights = new Float32Array(padded).fill(1, 0, counted);
  // A position that is not counted points at the row of zeros that the gradient has behind its last one.
  const inverse = new BigInt64Array(rows * length).fill(BigInt(padded));
  targets.forEach((target, i) => (inverse[target] = BigInt(i)));
  return {
    ids: int64(ids, [ids.length]),
    positions: int64(positions, [rows, length]),
    segments: int64(segments, [rows, length]),
    targets: int64(targets, [padded], padded),
    inverse: { type: 'int64', data: inverse, dims: [inverse.length] },
    labels: int64(labels, [padded], padded),
    weights: { type: 'float32', data: weights, dims: [padded] },
  };
}
