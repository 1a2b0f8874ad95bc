import { Graph } from '../graph/graph.ts';
import { deadCode } from '../graph/passes/deadCode.ts';
import { lower } from '../graph/passes/lower.ts';
import type { Adaptation } from '../models/adaptation.ts';
import { adaptedNetwork, packedTokens } from '../models/adapted.ts';
import type { BaseModel } from '../models/base.ts';
import { familyOf } from '../models/registry.ts';
import { logits } from '../objectives/causalLm.ts';
import { cpu } from '../runtime/cpu.ts';
import type { Loaded, LoadOptions, PlainTensor } from '../runtime/executor.ts';
import { weightLocator } from '../weights/locate.ts';
import { WEIGHT_FORMATS } from '../weights/registry.ts';

export interface LogitsOptions {
  readonly base: BaseModel;
  readonly adaptation: Adaptation;
  /** The name of a weight format; the default is exact. */
  readonly precision?: string;
  /** Tokens of the longest row. */
  readonly maxLength: number;
  /** About how many tokens a run has, which decides between equal ways to compute a product; default: the longest row. */
  readonly tokens?: number;
  /** Folder for transformed weights. */
  readonly cache: string;
  readonly session?: LoadOptions;
}

/** One row of tokens. If positions and segments are left out, they are those of a single example. */
export interface Row {
  readonly ids: readonly number[];
  readonly positions?: readonly number[];
  readonly segments?: readonly number[];
  /** The first token that an adapter acts on which starts late; left out, it acts on none. */
  readonly start?: number;
}

/** theta: [parameters], and the inputs of `packedTokens` -> logits [tokens, vocabulary]. */
function logitsGraph({
  base,
  adaptation,
  maxLength,
  tokens = maxLength,
  precision = WEIGHT_FORMATS[0]!.name,
}: LogitsOptions): Graph {
  const { config } = base;
  const family = familyOf(config);
  const g = new Graph();
  const net = adaptedNetwork(g, { base, adaptation, precision, tokens, differentiable: false });
  const hidden = family.forward(net, config, packedTokens(g, maxLength));
  g.output('logits', logits(net, config, family.finalNorm(net, config, hidden)));
  return deadCode(lower(g));
}

/** The logits of a model at every position, for rows that are short enough. Comparisons of models use them. */
export class Logits {
  readonly #graph: Loaded;
  readonly #late: boolean;

  private constructor(graph: Loaded, late: boolean) {
    this.#graph = graph;
    this.#late = late;
  }

  static async create(options: LogitsOptions): Promise<Logits> {
    const locate = weightLocator(options.base, options.cache);
    return new Logits(await cpu.load(logitsGraph(options), locate, options.session), options.adaptation.late === true);
  }

  /** theta: the trainable vector (empty for a plain model) -> the row's logits [tokens, vocabulary], row-major. */
  async run(theta: Float32Array, { ids, positions, segments, start = ids.length }: Row): Promise<Float32Array> {
    const row = (values: readonly number[], dims: number[]): PlainTensor => ({
      type: 'int64',
      data: BigInt64Array.from(values, BigInt),
      dims,
    });
    const shape = [1, ids.length];
    const active = Float32Array.from(ids, (_, i) => (i < start ? 0 : 1));
    const results = await this.#graph.run({
      ...(theta.length > 0 ? { theta: { type: 'float32', data: theta, dims: [theta.length] } } : {}),
      ...(this.#late ? { active: { type: 'float32', data: active, dims: [ids.length] } } : {}),
      ids: row(ids, [ids.length]),
      positions: row(positions ?? [...ids.keys()], shape),
      segments: row(segments ?? ids.map(() => 1), shape),
    });
    return results['logits']!;
  }

  async release(): Promise<void> {
    await this.#graph.release();
  }
}
