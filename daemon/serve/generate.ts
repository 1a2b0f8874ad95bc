import { type Start, startIn } from '../data/start.ts';
import type { BaseModel } from '../models/base.ts';
import type { Adaptation } from '../models/adaptation.ts';
import { layoutOf } from '../layout.ts';
import { weightLocator } from '../weights/locate.ts';
import { weightFormat } from '../weights/registry.ts';
import { VeraError } from '../protocol/errors.ts';
import { tooLong } from '../protocol/unable.ts';
import { cpu } from '../runtime/cpu.ts';
import type { Loaded, LoadOptions } from '../runtime/executor.ts';
import { KvCache } from './cache.ts';
import { decodeGraph } from './decode.ts';
import { chooser } from './engine/choose.ts';
import { GREEDY, type Sampling } from './engine/request.ts';

export interface GeneratorOptions {
  readonly base: BaseModel;
  readonly adaptation: Adaptation;
  readonly theta: Float32Array;
  /** The name of a weight format. */
  readonly precision: string;
  /** Folder for transformed weights. */
  readonly cache: string;
  /** Most tokens of prompt and answer together. */
  readonly maxLength: number;
  readonly session?: LoadOptions;
  /** Where the adapter starts, for one that starts late. */
  readonly start?: Start | undefined;
}

/** What is left out of choosing tokens is that of `GREEDY`. */
export interface GenerateOptions extends Partial<Sampling> {
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  /** Tokens that end the answer. They are not part of it. */
  readonly stop: readonly number[];
  readonly onToken?: (id: number) => void;
  /** Ends the answer early. The tokens so far are kept. */
  readonly signal?: AbortSignal;
}

/** Prompt tokens that are read at once. More tokens make larger products, but also larger attention scores in memory. */
const CHUNK = 128;

/** Continues texts with a base model and an adapter. Several calls may run at the same time; each has its own cache. */
export class Generator {
  readonly #graph: Loaded;
  readonly #base: BaseModel;
  readonly #maxLength: number;
  readonly #start: Start | undefined;

  private constructor(graph: Loaded, { base, maxLength, start }: GeneratorOptions) {
    this.#graph = graph;
    this.#base = base;
    this.#maxLength = maxLength;
    this.#start = start;
  }

  static async create(options: GeneratorOptions): Promise<Generator> {
    const { base, adaptation, theta, cache, session } = options;
    const { size } = layoutOf(adaptation.parameters);
    if (theta.length !== size)
      throw new VeraError('adapter', `the adapter holds ${theta.length} numbers, but its layers need ${size}`);
    // With one row, the time goes into reading weights. int8 weights with a layout for that take less than half the time,
    // and no more memory.
    const settings = { prepack: weightFormat(options.precision).prepackForOneRow, ...session };
    const graph = await cpu.load(decodeGraph(options), weightLocator(base, cache), settings);
    if (size > 0) graph.keep({ theta: { type: 'float32', data: theta, dims: [size] } });
    return new Generator(graph, options);
  }

  /** An empty cache. */
  start(): KvCache {
    return new KvCache(this.#base.config);
  }

  /**
   * Reads tokens after those in the cache and adds them to it. Returns the logits of the next token [vocabulary]. start: the first
   * position at which an adapter that starts late acts.
   */
  async read(cache: KvCache, ids: readonly number[], start = 0): Promise<Float32Array> {
    let logits = new Float32Array();
    for (let from = 0; from < ids.length; from += CHUNK) {
      const part = ids.slice(from, from + CHUNK);
      const active = Float32Array.from(part, (_, i) => (cache.length + i < start ? 0 : 1));
      const places = BigInt64Array.from(part, (_, i) => BigInt(cache.length + i));
      const results = await this.#graph.run({
        ...cache.feeds,
        ...(this.#start ? { active: { type: 'float32', data: active, dims: [part.length] } } : {}),
        ids: { type: 'int64', data: BigInt64Array.from(part, BigInt), dims: [part.length] },
        positions: { type: 'int64', data: places, dims: [1, part.length] },
      });
      cache.append(results['keys']!, results['values']!, part.length);
      logits = results['logits'] as Float32Array<ArrayBuffer>;
    }
    return logits;
  }

  /** Generates the tokens after the prompt, until a stop token, `maxTokens` or the length that the generator was made for. */
  async generate(options: GenerateOptions): Promise<number[]> {
    const { prompt, maxTokens, stop, onToken, signal } = options;
    this.#check(prompt);
    const chooses = chooser({ ...GREEDY, ...options }, this.#base.config.vocabulary);
    const cache = this.start();
    const start = this.#start ? startIn(this.#start, prompt, prompt.length) : 0;
    const out: number[] = [];
    let next = prompt;
    while (out.length < maxTokens && prompt.length + out.length < this.#maxLength && !signal?.aborted) {
      const logits = await this.read(cache, next, start < prompt.length ? start : Infinity);
      const token = chooses.choose(logits, [...prompt, ...out], prompt.length);
      if (stop.includes(token)) break;
      out.push(token);
      onToken?.(token);
      next = [token];
    }
    return out;
  }

  #check(prompt: readonly number[]): void {
    const { vocabulary } = this.#base.config;
    if (prompt.length === 0) throw new VeraError('usage', 'the prompt has no tokens; give it some text');
    if (prompt.length >= this.#maxLength) throw new VeraError('usage', tooLong(prompt.length, this.#maxLength));
    const bad = prompt.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabulary);
    if (bad !== undefined)
      throw new VeraError(
        'model',
        `token ${bad} of the prompt is outside the base's vocabulary of ${vocabulary}; does the tokenizer belong to it?`,
      );
  }

  async release(): Promise<void> {
    await this.#graph.release();
  }
}
