import { BLOCK } from './attention.ts';
import { draft } from './lookup.ts';
import type { RowModel, RowTokens } from './model.ts';
import { generates, guessesOf, type PlannedRow, readings } from './plan.ts';
import { type BlockKey, nextKey, type PrefixCache, startKey } from './prefixCache.ts';
import type { BlockData, RowTable } from './rows.ts';
import type { Active } from './task.ts';

/** Most tokens that are guessed at once. */
const GUESSES = 8;

/**
 * The requests that have a row. A step reads parts of prompts, and then one token (or a few guessed
 * ones) for every row that generates.
 */
export class Batch {
  readonly active = new Set<Active>();
  /** Tokens since the start: read, generated, guessed, guessed right; found in the prefix cache, and not found. */
  readonly counts = { steps: 0, prompt: 0, answer: 0, drafted: 0, accepted: 0, hit: 0, missed: 0 };
  readonly #model: RowModel;
  readonly #prefixes: PrefixCache;
  readonly #vocabulary: number;
  readonly #stallMs: number;
  /** Milliseconds that a token of a prompt took last. */
  #tokenMs = Infinity;
  readonly #onEnd: (active: Active, error?: Error) => void;

  /** stallMs: how long those that generate may wait for a part of a prompt. onEnd: its answer has ended, or an error ends it. */
  constructor(options: {
    model: RowModel;
    prefixes: PrefixCache;
    vocabulary: number;
    stallMs: number;
    onEnd: (active: Active, error?: Error) => void;
  }) {
    this.#model = options.model;
    this.#prefixes = options.prefixes;
    this.#vocabulary = options.vocabulary;
    this.#stallMs = options.stallMs;
    this.#onEnd = options.onEnd;
  }

  /** Takes over blocks that are known already. One token must be read in any case, for the logits after it. */
  #reuse(active: Active): void {
    const { row, answer, keys } = active;
    if (row.length % BLOCK !== 0 || row.length >= answer.promptTokens) return;
    const blocks: BlockData[] = [];
    for (let from = row.length; from + BLOCK < answer.promptTokens; from += BLOCK) {
      const key = keyOf(active, from);
      const block = this.#prefixes.get(key);
      if (!block) break;
      blocks.push(block);
      keys.push(key);
    }
    if (blocks.length > 0) row.table.addBlocks(row, blocks);
    answer.cachedTokens += blocks.length * BLOCK;
    this.counts.hit += blocks.length * BLOCK;
    this.#prefixes.touch(keys);
  }

  /** One step of all rows. */
  async step(): Promise<void> {
    this.counts.steps++;
    const generating = [...this.active].some((active) => generates(this.#planned(active)));
    const most = generating ? Math.floor(this.#stallMs / this.#tokenMs) : Infinity;
    const waiting: (PlannedRow & { active: Active })[] = [];
    for (const active of this.active) {
      this.#reuse(active);
      waiting.push({ ...this.#planned(active), active });
    }
    for (const { row, count } of readings(waiting, most)) await this.#read(row.active, count);
    const next = [...this.active].filter((active) => generates(this.#planned(active)));
    // A row that becomes too long for its table moves to another one before the runs of the tables begin.
    for (const { row, resident } of next) this.#model.reserve(row, resident, 1 + GUESSES);
    const tables = new Map<RowTable, Active[]>();
    for (const active of next) tables.set(active.row.table, [...(tables.get(active.row.table) ?? []), active]);
    for (const [table, actives] of tables) await this.#generate(table, actives);
  }

  #planned({ row, answer, request, order, start }: Active): PlannedRow {
    return {
      length: row.length,
      pending: answer.tokens.length - row.length,
      readable: (row.length < start ? start : answer.tokens.length) - row.length,
      guesses: request.lookup === false ? 0 : Math.min(GUESSES, answer.left - 1),
      interactive: request.priority !== 'background',
      order,
    };
  }

  /** Reads a part of a prompt. After its end the row stands beside those that generate. */
  async #read(active: Active, count: number): Promise<void> {
    const { row, answer, resident, start } = active;
    const ids = answer.tokens.slice(row.length, row.length + count);
    const last = row.length + count === answer.tokens.length;
    this.counts.prompt += count;
    this.counts.missed += count;
    const began = performance.now();
    const item = { row, ids, wanted: last ? [count - 1] : [] };
    await this.#run(row.table, [active], [item], { counts: [count], asBase: row.length < start });
    if (count >= BLOCK) this.#tokenMs = (performance.now() - began) / count;
    if (last && this.active.has(active)) this.#model.share(row, resident);
  }

  /** One token, or several where guesses are right, for rows that generate. */
  async #generate(table: RowTable, rows: readonly Active[]): Promise<void> {
    const actives = rows.toSorted((a, b) => a.row.index - b.row.index);
    const items = actives.map((active): RowTokens => {
      const { row, answer } = active;
      const guess = draft(answer.tokens, guessesOf(this.#planned(active), actives.length));
      const ids = [answer.tokens.at(-1)!, ...guess];
      return { row, ids, wanted: ids.map((_, t) => t) };
    });
    await this.#run(table, actives, items);
  }

  /**
   * counts: tokens that each row keeps in any case; left out, its first one and the guesses that were right. `asBase`: the adapters of
   * these rows have not started yet.
   */
  async #run(
    table: RowTable,
    actives: readonly Active[],
    items: readonly RowTokens[],
    { counts, asBase = false }: { counts?: readonly number[]; asBase?: boolean } = {},
  ): Promise<void> {
    // The graph wants the logits of at least one token.
    const none = items.every(({ wanted }) => wanted.length === 0);
    const asked = none ? [{ ...items[0]!, wanted: [0] }, ...items.slice(1)] : items;
    const logits = await this.#model.run(table, asked, asBase);
    const vocabulary = this.#vocabulary;
    let place = 0;
    // A row that leaves makes others move, so none leaves before all have kept their new tokens.
    const ended: [Active, Error?][] = [];
    for (const [i, active] of actives.entries()) {
      const { ids, wanted } = items[i]!;
      const at = place;
      place += wanted.length;
      const logitsOf = (n: number): Float32Array => logits.subarray((at + n) * vocabulary, (at + n + 1) * vocabulary);
      try {
        const kept = counts?.[i] ?? 1;
        const right = wanted.length === 0 ? 0 : this.#choose(active, ids.slice(counts ? ids.length : 1), logitsOf);
        this.#append(active, kept + right);
      } catch (error) {
        ended.push([active, error as Error]);
        continue;
      }
      if (active.answer.ended) ended.push([active]);
    }
    for (const [active, error] of ended) this.#onEnd(active, error);
  }

  /** Chooses the next tokens, as long as they are those that were guessed. -> how many guesses were right. */
  #choose({ answer, stream }: Active, guessed: readonly number[], logitsOf: (n: number) => Float32Array): number {
    answer.drafted += guessed.length;
    this.counts.drafted += guessed.length;
    let right = 0;
    for (;;) {
      const { token, piece } = answer.next(logitsOf(right));
      this.counts.answer++;
      if (piece) stream.push(piece);
      if (answer.ended || right === guessed.length || token !== guessed[right]) break;
      right++;
    }
    answer.accepted += right;
    this.counts.accepted += right;
    return right;
  }

  #append(active: Active, count: number): void {
    const { row, keys } = active;
    for (const from of row.table.append(row, count)) {
      const key = keyOf(active, from);
      keys.push(key);
      if (!this.#prefixes.get(key)) this.#prefixes.add(key, row.table.block(row, from));
    }
  }
}

/** The key of the block at `from`, the first one that `keys` does not have yet. Blocks before the start of an adapter are the base's. */
function keyOf({ answer, keys, start, request }: Active, from: number): BlockKey {
  const before = keys.at(-1)!;
  const starts = start > 0 && from <= start && start < from + BLOCK;
  return nextKey(starts ? startKey(before, request.adapter!, start) : before, answer.tokens.slice(from, from + BLOCK));
}
