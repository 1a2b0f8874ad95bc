import { Graph } from '../graph/graph.ts';
import { deadCode } from '../graph/passes/deadCode.ts';
import { lower } from '../graph/passes/lower.ts';
import { layoutOf } from '../layout.ts';
import type { Adaptation } from '../models/adaptation.ts';
import { packedAttention } from '../models/attention.ts';
import { shapeOf } from '../models/base.ts';
import type { BaseModel } from '../models/base.ts';
import { bindOne } from '../models/binding.ts';
import { finalNorm, headWeight, llama } from '../models/llama.ts';
import { Network } from '../models/network.ts';
import { fp32 } from '../weights/fp32.ts';
import { weightLocator } from '../weights/locate.ts';
import { createSession, Tensor } from '../runtime/session.ts';
import type { Session, SessionOptions } from '../runtime/session.ts';

export interface LogitsOptions {
  readonly base: BaseModel;
  readonly adaptation: Adaptation;
  /** The longest row there will be. */
  readonly maxLength: number;
  /** Where transformed weights are kept. */
  readonly cache: string;
  readonly session?: SessionOptions;
}

/** theta: [parameters], ids: [tokens], positions and segments: [batch, length] -> logits [tokens, vocabulary], in fp32. */
function logitsGraph({ base, adaptation, maxLength }: LogitsOptions): Graph {
  const g = new Graph();
  const trained = bindOne(g, layoutOf(adaptation.parameters));
  const ids = g.input('ids', 'int64', ['tokens']);
  const positions = g.input('positions', 'int64', ['batch', 'length']);
  const segments = g.input('segments', 'int64', ['batch', 'length']);
  const net = new Network(g, {
    format: fp32,
    adaptation,
    shapeOf: (name) => shapeOf(base, name),
    trained,
    tokens: maxLength,
    differentiable: false,
  });
  const hidden = llama(net, base.config, ids, packedAttention(g, base.config, positions, segments, maxLength));
  g.output('logits', g.linear(finalNorm(net, base.config, hidden), net.weight(headWeight(base.config))));
  return deadCode(lower(g));
}

/** A model's whole logits, for rows short enough to hold them: what comparisons of models are made of. */
export class Logits {
  readonly #session: Session;

  private constructor(session: Session) {
    this.#session = session;
  }

  static async create(options: LogitsOptions): Promise<Logits> {
    const locate = weightLocator(options.base, options.cache);
    return new Logits(await createSession(logitsGraph(options), locate, options.session));
  }

  /** theta: the trainable vector (empty for a plain model); ids: one row of tokens -> [tokens, vocabulary], row-major. */
  async run(theta: Float32Array, ids: readonly number[]): Promise<Float32Array> {
    const row = (values: readonly number[], dims: number[]): Tensor =>
      new Tensor('int64', BigInt64Array.from(values, BigInt), dims);
    const results = await this.#session.run({
      ...(theta.length > 0 ? { theta: new Tensor('float32', theta, [theta.length]) } : {}),
      ids: row(ids, [ids.length]),
      positions: row([...ids.keys()], [1, ids.length]),
      segments: row(Array<number>(ids.length).fill(1), [1, ids.length]),
    });
    return (results['logits'] as Tensor).data as Float32Array;
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}
