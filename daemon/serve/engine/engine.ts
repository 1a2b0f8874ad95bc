import type { Tokenizer } from '../../data/tokenizer.ts';
import type { BaseModel } from '../../models/base.ts';
import { VeraError } from '../../protocol/errors.ts';
import type { LoadOptions } from '../../runtime/executor.ts';
import { weightFormat } from '../../weights/registry.ts';
import { stopTokens } from '../stop.ts';
import { Answer } from './answer.ts';
import { Bank, NO_ADAPTER, type Resident, type StoredAdapter } from './bank.ts';
import { BLOCK } from './attention.ts';
import { draft } from './lookup.ts';
import { RowModel, type RowTokens } from './model.ts';
import { type PieceStream, pieceStream } from './pieces.ts';
import { generates, guessesOf, type PlannedRow, prefillRun } from './plan.ts';
import { type BlockKey, firstKey, nextKey, PrefixCache } from './prefixCache.ts';
import { promptTokens } from './promptTokens.ts';
import { FairQueue } from './queue.ts';
import type { AdapterNotice, EngineInfo, EngineStats, GenerationRequest, Piece } from './request.ts';
import type { Row, RowTable } from './rows.ts';

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
  readonly session?: LoadOptions;
  /** Milliseconds, from any start. */
  readonly now?: () => number;
}

/** Most tokens that are guessed at once. */
const GUESSES = 8;

/** A request on its way. */
interface Task {
  readonly request: GenerationRequest;
  readonly answer: Answer;
  readonly stream: PieceStream;
  readonly order: number;
  readonly deadline: number;
  cancelled: boolean;
  resident: Resident;
}

/** A task that has a row. */
interface Active extends Task {
  readonly row: Row;
  /** Keys of its settled blocks, with the one before the first: [blocks + 1]. */
  readonly keys: BlockKey[];
}

/**
 * Answers requests with one base model and any number of adapters. Rows join and leave the running batch between two steps. A step reads
 * a part of at most one table's prompts and then one token (or a few guessed ones) for every row that generates.
 */
export class Engine {
  readonly info: EngineInfo;
  readonly #options: EngineOptions;
  readonly #model: RowModel;
  readonly #bank: Bank;
  readonly #prefixes: PrefixCache;
  readonly #ends: ReadonlySet<number>;
  readonly #now: () => number;
  readonly #queue = new FairQueue<Task>();
  /** Tasks whose adapters are being loaded. */
  readonly #preparing = new Set<Task>();
  readonly #active = new Set<Active>();
  readonly #counts = { finished: 0, cancelled: 0, failed: 0, steps: 0, prompt: 0, answer: 0, drafted: 0, accepted: 0 };
  readonly #hits = { hit: 0, missed: 0 };
  #orders = 0;
  #working: Promise<void> | undefined;
  #released = false;

  private constructor(options: EngineOptions) {
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
    this.#ends = new Set(stopTokens(base.dir, tokenizer));
  }

  /** Loads the graph of the base. Throws VeraError 'runtime' or 'model'. */
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
    const { finished, cancelled, failed, steps, prompt, answer, drafted, accepted } = this.#counts;
    const running = this.#active.size;
    return {
      requests: { waiting: this.#queue.size + this.#preparing.size, running, finished, cancelled, failed },
      ...{ steps, promptTokens: prompt, answerTokens: answer, draftedTokens: drafted, acceptedTokens: accepted },
      rows: { used: this.#model.tables().reduce((sum, { rows }) => sum + rows.length, 0), total: this.#rows },
      prefixCache: { hitTokens: this.#hits.hit, missedTokens: this.#hits.missed, ...this.#prefixes.counts },
      bank: this.#bank.counts,
    };
  }

  /** Ends all requests with an error and frees the model. */
  async release(): Promise<void> {
    this.#released = true;
    const error = new VeraError('runtime', 'the engine was stopped');
    for (const task of [...this.#queue.remove(() => true), ...this.#preparing]) task.stream.fail(error);
    await this.#working;
    for (const active of [...this.#active]) {
      this.#leave(active);
      active.stream.fail(error);
    }
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
    const prompt = promptTokens(tokenizer, request.prompt, this.info);
    const { maxTokens = maxLength, deadlineMs = Infinity } = request;
    if (!Number.isSafeInteger(maxTokens) || maxTokens < 1)
      throw new VeraError('usage', `an answer has at least one token, not ${maxTokens}`);
    const most = Math.min(maxTokens, maxLength - prompt.length);
    const answer = new Answer({
      ...{ request, prompt, tokenizer, vocabulary, ends: this.#ends, most, now: this.#now },
    });
    const deadline = this.#now() + deadlineMs;
    return { request, answer, stream, order: this.#orders++, deadline, cancelled: false, resident: NO_ADAPTER };
  }

  /** Brings its adapter, then lets it wait for a row. */
  async #enter(task: Task): Promise<void> {
    const { adapter, priority = 'interactive' } = task.request;
    this.#preparing.add(task);
    try {
      if (adapter !== undefined) task.resident = await this.#bank.get(adapter);
      await this.#model.prepare(task.resident.form);
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
      if (this.#active.size === 0) return;
      try {
        await this.#step();
      } catch (error) {
        this.#failAll(error as Error);
      }
    }
  }

  /** Lets go of requests that nobody wants any more, and of those that took too long. */
  #sweep(): void {
    const now = this.#now();
    for (const task of this.#queue.remove(({ cancelled, deadline }) => cancelled || deadline <= now)) this.#close(task);
    for (const active of [...this.#active])
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
    } else {
      task.answer.finish('deadline');
      this.#finish(task);
    }
  }

  #finish({ answer, stream }: Task): void {
    this.#counts.finished++;
    for (const piece of answer.last()) stream.push(piece);
    stream.end();
  }

  #leave(active: Active): void {
    this.#active.delete(active);
    this.#model.remove(active.row);
  }

  /** A step itself failed: nobody knows what the rows hold. */
  #failAll(error: Error): void {
    for (const active of [...this.#active]) {
      this.#leave(active);
      this.#counts.failed++;
      active.stream.fail(error);
    }
  }

  #admit(): void {
    while (this.#active.size < this.#rows) {
      const task = this.#queue.next();
      if (!task) return;
      const { answer, resident, request } = task;
      const { base, precision } = this.info;
      answer.startedAt = this.#now();
      const row = this.#model.add(resident, answer.tokens.length);
      const keys = [firstKey({ base, precision, adapter: request.adapter ?? '' })];
      const active: Active = Object.assign(task, { row, keys });
      this.#active.add(active);
    }
  }

  /** Takes over blocks that are known already. One token must be read in any case, for the logits after it. */
  #reuse({ row, answer, keys }: Active): void {
    if (row.length % BLOCK !== 0 || row.length >= answer.promptTokens) return;
    while (row.length + BLOCK < answer.promptTokens) {
      const key = nextKey(keys.at(-1)!, answer.tokens.slice(row.length, row.length + BLOCK));
      const block = this.#prefixes.get(key);
      if (!block) break;
      row.table.addBlock(row, block);
      keys.push(key);
      answer.cachedTokens += BLOCK;
      this.#hits.hit += BLOCK;
    }
    this.#prefixes.touch(keys);
  }

  async #step(): Promise<void> {
    this.#counts.steps++;
    const generating = new Map<RowTable, Active[]>();
    const reading = new Map<RowTable, (PlannedRow & { active: Active })[]>();
    const group = <T>(groups: Map<RowTable, T[]>, table: RowTable, item: T): void => {
      const list = groups.get(table) ?? [];
      list.push(item);
      groups.set(table, list);
    };
    for (const active of this.#active) {
      this.#reuse(active);
      const planned = this.#planned(active);
      if (generates(planned)) group(generating, active.row.table, active);
      else group(reading, active.row.table, { ...planned, active });
    }
    const runs = [...reading].flatMap(([table, rows]) => {
      const run = prefillRun(rows);
      return run ? [{ table, ...run }] : [];
    });
    const firstOf = ({ rows }: (typeof runs)[number]): PlannedRow => rows[0]!.row;
    runs.sort(
      (a, b) => Number(firstOf(b).interactive) - Number(firstOf(a).interactive) || firstOf(a).order - firstOf(b).order,
    );
    const [first] = runs;
    if (first)
      await this.#read(
        first.table,
        first.rows.map(({ row, count }) => ({ active: row.active, count })),
      );
    for (const [table, actives] of generating) await this.#generate(table, actives);
  }

  #planned({ row, answer, request, order }: Active): PlannedRow {
    return {
      length: row.length,
      pending: answer.tokens.length - row.length,
      guesses: request.lookup === false ? 0 : Math.min(GUESSES, answer.left - 1),
      interactive: request.priority !== 'background',
      order,
    };
  }

  /** Reads a part of the prompts of some rows. */
  async #read(table: RowTable, parts: readonly { active: Active; count: number }[]): Promise<void> {
    const items = parts.map(({ active: { row, answer }, count }): RowTokens => {
      const ids = answer.tokens.slice(row.length, row.length + count);
      const last = row.length + count === answer.tokens.length;
      return { row, ids, wanted: last ? [count - 1] : [] };
    });
    const counts = parts.map(({ count }) => count);
    const read = counts.reduce((sum, count) => sum + count, 0);
    this.#counts.prompt += read;
    this.#hits.missed += read;
    await this.#run(
      table,
      parts.map(({ active }) => active),
      items,
      Math.max(...counts),
      counts,
    );
  }

  /** One token, or several where guesses are right, for rows that generate. */
  async #generate(table: RowTable, actives: readonly Active[]): Promise<void> {
    const guesses = actives.map((active) =>
      draft(active.answer.tokens, guessesOf(this.#planned(active), actives.length)),
    );
    const length = 1 + Math.max(...guesses.map((guess) => guess.length));
    const items = actives.map(({ row, answer }, i): RowTokens => {
      const ids = [answer.tokens.at(-1)!, ...guesses[i]!];
      return { row, ids, wanted: ids.map((_, t) => t) };
    });
    await this.#run(table, actives, items, length);
  }

  /** counts: tokens that each row keeps in any case; left out, its first one and the guesses that were right. */
  async #run(
    table: RowTable,
    actives: readonly Active[],
    items: readonly RowTokens[],
    length: number,
    counts?: readonly number[],
  ): Promise<void> {
    // The graph wants the logits of at least one token.
    const none = items.every(({ wanted }) => wanted.length === 0);
    const asked = none ? [{ ...items[0]!, wanted: [0] }, ...items.slice(1)] : items;
    const results = await this.#model.run(table, asked, length);
    const { vocabulary } = this.info;
    let place = 0;
    for (const [i, active] of actives.entries()) {
      const { row, ids, wanted } = items[i]!;
      const logits = results['logits']!;
      const at = place;
      place += wanted.length;
      const logitsOf = (n: number): Float32Array => logits.subarray((at + n) * vocabulary, (at + n + 1) * vocabulary);
      try {
        const kept = counts?.[i] ?? 1;
        const right = wanted.length === 0 ? 0 : this.#choose(active, ids.slice(counts ? ids.length : 1), logitsOf);
        const part = { keys: results['keys']!, values: results['values']!, batch: items.length, place: i, length };
        this.#append(active, part, kept + right);
      } catch (error) {
        this.#leave(active);
        this.#counts.failed++;
        active.stream.fail(error as Error);
        continue;
      }
      if (active.answer.ended) {
        this.#leave(active);
        this.#finish(active);
      } else this.#model.reserve(row, active.resident, row.length + BLOCK);
    }
  }

  /** Chooses the next tokens, as long as they are those that were guessed. -> how many guesses were right. */
  #choose({ answer, stream }: Active, guessed: readonly number[], logitsOf: (n: number) => Float32Array): number {
    answer.drafted += guessed.length;
    this.#counts.drafted += guessed.length;
    let right = 0;
    for (;;) {
      const { token, piece } = answer.next(logitsOf(right));
      this.#counts.answer++;
      if (piece) stream.push(piece);
      if (answer.ended || right === guessed.length || token !== guessed[right]) break;
      right++;
    }
    answer.accepted += right;
    this.#counts.accepted += right;
    return right;
  }

  #append(active: Active, part: Parameters<RowTable['append']>[1], count: number): void {
    const { row, answer, keys } = active;
    if (!row.table.append(row, part, count)) return;
    const start = row.length - BLOCK;
    const key = nextKey(keys.at(-1)!, answer.tokens.slice(start, row.length));
    keys.push(key);
    if (!this.#prefixes.get(key)) this.#prefixes.add(key, row.table.block(row, start));
  }
}

const cancelledError = (): VeraError => new VeraError('cancelled', 'the request was cancelled');
