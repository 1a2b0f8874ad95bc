import { startIn } from '../../data/start.ts';
import type { Tokenizer } from '../../data/tokenizer.ts';
import type { BaseModel } from '../../models/base.ts';
import { VeraError } from '../../protocol/errors.ts';
import type { LoadOptions } from '../../runtime/executor.ts';
import { weightFormat } from '../../weights/registry.ts';
import { type Recommended, recommended } from '../generationConfig.ts';
import { Grammars } from '../grammar/grammars.ts';
import { readVocabulary } from '../grammar/vocabulary.ts';
import { stopTokens } from '../stop.ts';
import { Answer } from './answer.ts';
import { Bank, NO_ADAPTER, type StoredAdapter } from './bank.ts';
import { Batch } from './batch.ts';
import { RowModel } from './model.ts';
import { type PieceStream, pieceStream } from './pieces.ts';
import { firstKey, PrefixCache } from './prefixCache.ts';
import { promptTokens } from './promptTokens.ts';
import { FairQueue } from './queue.ts';
import type { AdapterNotice, EngineInfo, EngineStats, GenerationRequest, Piece } from './request.ts';
import type { Active, Task } from './task.ts';

export interface EngineOptions {
  readonly base: BaseModel;
  readonly tokenizer: Tokenizer;
  /** The name of a weight format. */
  readonly precision: string;
  /** Folder for transformed weights. */
  readonly cache: string;
  /** Gives the adapter of a content hash. Throws VeraError 'missing' where there is none. */
  readonly load?: (hash: string) => Promise<StoredAdapter>;
  /** Requests that are answered at the same time; default 32. */
  readonly rows?: number;
  /** Requests that may wait; default 1,000. */
  readonly waiting?: number;
  /** Most tokens of prompt and answer together; default: the model's length. */
  readonly maxLength?: number;
  /** For blocks of keys and values that no row uses now; default 256 MB. */
  readonly prefixBytes?: number;
  /** For adapters in memory; default 256 MB. */
  readonly bankBytes?: number;
  /** Requests wait while the caches of those under way take as much as this, whatever the number of rows; default 1 GB. One is answered in any case. */
  readonly rowBytes?: number;
  /** Milliseconds that requests that generate may wait for a part of another's prompt; default 80. One block is read in any case. */
  readonly stallMs?: number;
  readonly session?: LoadOptions;
  /** Milliseconds, from any start. */
  readonly now?: () => number;
}

/**
 * Answers requests with one base model and any number of adapters. Rows join and leave the running batch between two steps. A step reads
 * parts of prompts and then one token (or a few guessed ones) for every row that generates.
 */
export class Engine {
  readonly info: EngineInfo;
  readonly #options: EngineOptions;
  readonly #model: RowModel;
  readonly #bank: Bank;
  readonly #prefixes: PrefixCache;
  readonly #ends: ReadonlySet<number>;
  readonly #recommended: Recommended;
  readonly #now: () => number;
  readonly #queue = new FairQueue<Task>();
  /** Tasks whose adapters are being loaded. */
  readonly #preparing = new Set<Task>();
  readonly #counts = { finished: 0, cancelled: 0, failed: 0 };
  readonly #batch: Batch;
  #grammars: Grammars | undefined;
  #orders = 0;
  #working: Promise<void> | undefined;
  #released = false;

  /** Loads nothing: each graph is loaded by the first request that needs it. */
  constructor(options: EngineOptions) {
    const { base, tokenizer, precision } = options;
    const maxLength = Math.min(base.config.maxLength, options.maxLength ?? Infinity);
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.info = {
      base: base.fingerprint,
      precision: weightFormat(precision).name,
      vocabulary: base.config.vocabulary,
      maxLength,
      chat: tokenizer.renderChat !== undefined,
      fillInTheMiddle: tokenizer.fim !== undefined,
    };
    this.#model = new RowModel({ ...options, maxLength });
    this.#bank = new Bank({
      ...{ base, precision, budgetBytes: options.bankBytes ?? 256e6 },
      load:
        options.load ??
        ((hash) => Promise.reject(new VeraError('missing', `there is no adapter ${hash.slice(0, 12)}`))),
    });
    this.#prefixes = new PrefixCache(options.prefixBytes ?? 256e6);
    this.#batch = new Batch({
      ...{ model: this.#model, prefixes: this.#prefixes, vocabulary: base.config.vocabulary },
      stallMs: options.stallMs ?? 80,
      onEnd: (active, error) => {
        this.#leave(active);
        if (error) this.#fail(active, error);
        else this.#finish(active);
      },
    });
    this.#ends = new Set(stopTokens(base.dir, tokenizer));
    this.#recommended = recommended(base.dir);
  }

  /** An engine that has loaded the graph of the base. Throws VeraError 'runtime' or 'model'. */
  static async create(options: EngineOptions): Promise<Engine> {
    const engine = new Engine(options);
    await engine.#model.prepare(NO_ADAPTER.form);
    return engine;
  }

  /** Loads an adapter now, so that the first request with it does not wait; and says whether it changes anything. */
  async prepare(adapter: string): Promise<AdapterNotice> {
    const { form, idle } = await this.#bank.get(adapter);
    await this.#model.prepare(form);
    return { adapter, idle };
  }

  /** The answer, piece by piece. Errors, also those of the request itself, come from the iterator. `signal` ends it within a step. */
  submit(request: GenerationRequest, signal?: AbortSignal): AsyncIterable<Piece> {
    let task: Task | undefined;
    const stream = pieceStream(() => cancel());
    const cancel = (): void => {
      if (task) {
        task.cancelled = true;
        this.#wake();
      }
    };
    try {
      if (this.#released) throw new VeraError('runtime', 'the engine was stopped');
      if (signal?.aborted) throw cancelledError();
      task = this.#task(request, stream);
    } catch (error) {
      this.#counts.failed++;
      stream.fail(error as Error);
      return stream.pieces;
    }
    signal?.addEventListener('abort', cancel, { once: true });
    void this.#enter(task);
    return stream.pieces;
  }

  stats(): EngineStats {
    const { finished, cancelled, failed } = this.#counts;
    const { steps, prompt, answer, drafted, accepted, hit, missed } = this.#batch.counts;
    const running = this.#batch.active.size;
    return {
      requests: { waiting: this.#queue.size + this.#preparing.size, running, finished, cancelled, failed },
      ...{ steps, promptTokens: prompt, answerTokens: answer, draftedTokens: drafted, acceptedTokens: accepted },
      rows: { used: this.#model.tables().reduce((sum, { rows }) => sum + rows.length, 0), total: this.#rows },
      prefixCache: { hitTokens: hit, missedTokens: missed, ...this.#prefixes.counts },
      bank: this.#bank.counts,
    };
  }

  /** Ends all requests with an error and frees the model. */
  async release(): Promise<void> {
    this.#released = true;
    const error = new VeraError('runtime', 'the engine was stopped');
    for (const task of [...this.#queue.remove(() => true), ...this.#preparing]) task.stream.fail(error);
    await this.#working;
    for (const active of [...this.#batch.active]) {
      this.#leave(active);
      active.stream.fail(error);
    }
    await this.#grammars?.release();
    await this.#model.release();
  }

  get #rows(): number {
    return this.#options.rows ?? 32;
  }

  #task(request: GenerationRequest, stream: PieceStream): Task {
    const { tokenizer } = this.#options;
    const { maxLength, vocabulary } = this.info;
    if (this.#queue.size + this.#preparing.size >= (this.#options.waiting ?? 1000))
      throw new VeraError('runtime', 'too many requests wait for the engine; try again later');
    const submittedAt = this.#now();
    const { tokens: prompt, answerFrom } = promptTokens(tokenizer, request.prompt, this.info);
    const { maxTokens = maxLength, deadlineMs = Infinity } = request;
    if (!Number.isSafeInteger(maxTokens) || maxTokens < 1)
      throw new VeraError('usage', `an answer has at least one token, not ${maxTokens}`);
    const most = Math.min(maxTokens, maxLength - prompt.length);
    const answer = new Answer({
      ...{ request, prompt, tokenizer, vocabulary, ends: this.#ends, recommended: this.#recommended },
      ...{ most, submittedAt, now: this.#now },
    });
    const deadline = submittedAt + deadlineMs;
    const order = this.#orders++;
    return { request, answer, stream, order, deadline, answerFrom, cancelled: false, resident: NO_ADAPTER };
  }

  /** Brings its adapter, then lets it wait for a row. */
  async #enter(task: Task): Promise<void> {
    const { adapter, priority = 'interactive' } = task.request;
    this.#preparing.add(task);
    try {
      if (adapter !== undefined) task.resident = await this.#bank.get(adapter);
      await this.#model.prepare(task.resident.form);
      // Before an adapter starts, the base reads.
      if (task.resident.start) await this.#model.prepare(NO_ADAPTER.form);
      const { json } = task.request;
      if (json !== undefined) task.answer.constrain(await this.#grammarsOf().open(json));
    } catch (error) {
      this.#counts.failed++;
      task.stream.fail(error as Error);
      return;
    } finally {
      this.#preparing.delete(task);
    }
    if (this.#released) return;
    this.#queue.add(task, priority);
    this.#wake();
  }

  #grammarsOf(): Grammars {
    if (this.#grammars) return this.#grammars;
    const vocabulary = readVocabulary(this.#options.base.dir);
    if (vocabulary === undefined || this.#ends.size === 0)
      throw new VeraError('usage', 'this base cannot answer with JSON of a schema: its tokens do not tell their bytes');
    this.#grammars = new Grammars({ vocabulary, size: this.info.vocabulary, ends: [...this.#ends] });
    return this.#grammars;
  }

  #wake(): void {
    if (this.#released) return;
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
      if (this.#queue.size > 0) this.#wake(); // came after the last look
    });
  }

  async #work(): Promise<void> {
    while (!this.#released) {
      // Messages and cancellations come in between two steps.
      await new Promise<void>((resolve) => setImmediate(resolve));
      this.#sweep();
      this.#admit();
      if (this.#batch.active.size === 0) return;
      try {
        await this.#batch.step();
      } catch (error) {
        this.#failAll(error as Error);
      }
    }
  }

  /** Lets go of requests that nobody wants any more, and of those that took too long. */
  #sweep(): void {
    const now = this.#now();
    for (const task of this.#queue.remove(({ cancelled, deadline }) => cancelled || deadline <= now)) this.#close(task);
    for (const active of [...this.#batch.active])
      if (active.cancelled || active.deadline <= now) {
        this.#leave(active);
        this.#close(active);
      }
  }

  /** Ends a task that was cancelled or whose time is over. */
  #close(task: Task): void {
    if (task.cancelled) {
      this.#counts.cancelled++;
      task.stream.fail(cancelledError());
      task.answer.release();
    } else {
      task.answer.finish('deadline');
      this.#finish(task);
    }
  }

  #finish({ answer, stream }: Task): void {
    this.#counts.finished++;
    answer.release();
    for (const piece of answer.last()) stream.push(piece);
    stream.end();
  }

  #fail({ answer, stream }: Task, error: Error): void {
    this.#counts.failed++;
    answer.release();
    stream.fail(error);
  }

  #leave(active: Active): void {
    this.#batch.active.delete(active);
    this.#model.remove(active.row);
  }

  /** A step itself failed: nobody knows what the rows hold. */
  #failAll(error: Error): void {
    for (const active of [...this.#batch.active]) {
      this.#leave(active);
      this.#fail(active, error);
    }
  }

  #admit(): void {
    const full = this.#options.rowBytes ?? 1e9;
    while (this.#batch.active.size < this.#rows) {
      if (this.#batch.active.size > 0 && this.#model.bytes >= full) return;
      const task = this.#queue.next();
      if (!task) return;
      const { answer, request } = task;
      const { base, precision } = this.info;
      answer.startedAt = this.#now();
      const start = startOfTask(task);
      answer.started = start !== undefined;
      if (!answer.started) task.resident = NO_ADAPTER;
      const row = this.#model.add(task.resident, answer.promptTokens);
      const adapter = start === 0 ? (request.adapter ?? '') : '';
      const keys = [firstKey({ base, precision, adapter })];
      const active: Active = Object.assign(task, { row, keys, start: start ?? 0 });
      this.#batch.active.add(active);
    }
  }
}

/** The first token of the prompt that its adapter acts on; undefined if it acts on none of them. */
function startOfTask({ resident: { start }, answer, answerFrom }: Task): number | undefined {
  if (!start) return 0;
  const prompt = answer.tokens.slice(0, answer.promptTokens);
  const at = startIn(start, prompt, answerFrom + 1);
  return at < prompt.length ? at : undefined;
}

const cancelledError = (): VeraError => new VeraError('cancelled', 'the request was cancelled');
