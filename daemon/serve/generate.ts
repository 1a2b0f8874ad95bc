import type { BaseModel } from '../models/base.ts';
import type { Adaptation } from '../models/adaptation.ts';
import { layoutOf } from '../layout.ts';
import type { Precision } from '../models/network.ts';
import { weightLocator } from '../weights/locate.ts';
import { weightFormat } from '../weights/registry.ts';
import { VeraError } from '../protocol/errors.ts';
import { createSession, type Session, type SessionOptions, Tensor } from '../runtime/session.ts';
import { KvCache } from './cache.ts';
import { decodeGraph } from './decode.ts';
import { sampler } from './sample.ts';

export interface GeneratorOptions {
  readonly base: BaseModel;
  readonly adaptation: Adaptation;
  readonly theta: Float32Array;
  readonly precision: Precision;
  /** Where transformed weights are kept. */
  readonly cache: string;
  /** Tokens of prompt and answer together, at most. */
  readonly maxLength: number;
  readonly session?: SessionOptions;
}

export interface GenerateOptions {
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  /** 0 takes the most likely token each time. */
  readonly temperature: number;
  readonly topP?: number | undefined;
  readonly topK?: number | undefined;
  readonly seed: number;
  /** Tokens that end the answer; they are not part of it. */
  readonly stop: readonly number[];
  readonly onToken?: (id: number) => void;
  /** Ends the answer early, with what there is. */
  readonly signal?: AbortSignal;
}

/** Prompt tokens read at once: more make larger products, and larger scores in memory. */
const CHUNK = 128;

/** Continues texts with a base model and an adapter. Several calls may be under way at once: each has its own cache. */
export class Generator {
  readonly #session: Session;
  readonly #base: BaseModel;
  readonly #maxLength: number;
  readonly #theta: { theta?: Tensor };

  private constructor(session: Session, { base, theta, maxLength }: GeneratorOptions) {
    this.#session = session;
    this.#base = base;
    this.#maxLength = maxLength;
    this.#theta = theta.length > 0 ? { theta: new Tensor('float32', theta, [theta.length]) } : {};
  }

  static async create(options: GeneratorOptions): Promise<Generator> {
    const { base, adaptation, theta, cache, session } = options;
    const { size } = layoutOf(adaptation.parameters);
    if (theta.length !== size)
      throw new VeraError('adapter', `the adapter holds ${theta.length} numbers, but its layers need ${size}`);
    // One row is all reading of weights; int8 ones laid out for that take less than half the time, in no more memory.
    const settings = { prepack: weightFormat(options.precision).prepackForOneRow, ...session };
    return new Generator(await createSession(decodeGraph(options), weightLocator(base, cache), settings), options);
  }

  /** A cache in which nothing has been read yet. */
  start(): KvCache {
    return new KvCache(this.#base.config);
  }

  /** Reads tokens after those in the cache and adds them to it. Returns the logits of the token that comes next [vocabulary]. */
  async read(cache: KvCache, ids: readonly number[]): Promise<Float32Array> {
    let logits = new Float32Array();
    for (let from = 0; from < ids.length; from += CHUNK) {
      const part = ids.slice(from, from + CHUNK);
      const results = await this.#session.run({
        ...this.#theta,
        ...cache.feeds,
        ids: new Tensor('int64', BigInt64Array.from(part, BigInt), [part.length]),
        positions: new Tensor(
          'int64',
          BigInt64Array.from(part, (_, i) => BigInt(cache.length + i)),
          [1, part.length],
        ),
      });
      const data = (name: string): Float32Array<ArrayBuffer> => results[name]!.data as Float32Array<ArrayBuffer>;
      cache.append(data('keys'), data('values'), part.length);
      logits = data('logits');
    }
    return logits;
  }

  /** The tokens that follow the prompt: until a stop token, `maxTokens` or the length the generator was made for. */
  async generate(options: GenerateOptions): Promise<number[]> {
    const { prompt, maxTokens, stop, onToken, signal } = options;
    this.#check(prompt);
    const choose = sampler({ ...options, topP: options.topP ?? 1, topK: options.topK ?? 0 });
    const cache = this.start();
    const out: number[] = [];
    let next = prompt;
    while (out.length < maxTokens && prompt.length + out.length < this.#maxLength && !signal?.aborted) {
      const token = choose(await this.read(cache, next));
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
    if (prompt.length >= this.#maxLength) {
      throw new VeraError(
        'usage',
        `the prompt has ${prompt.length} tokens, but prompt and answer together may have ${this.#maxLength}; shorten it`,
      );
    }
    const bad = prompt.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabulary);
    if (bad !== undefined)
      throw new VeraError(
        'model',
        `token ${bad} of the prompt is outside the base's vocabulary of ${vocabulary}; does the tokenizer belong to it?`,
      );
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}
