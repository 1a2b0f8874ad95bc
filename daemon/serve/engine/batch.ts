import { BLOCK } from './attention.ts';
import { draft } from './lookup.ts';
import type { RowModel, RowTokens } from './model.ts';
import { generates, guessesOf, type PlannedRow, prefillRun } from './plan.ts';
import { type BlockKey, nextKey, type PrefixCache, startKey } from './prefixCache.ts';
import type { RowTable } from './rows.ts';
import type { Active } from './task.ts';

/** Most tokens that are guessed at once. */
const GUESSES = 8;

/**
 * The requests that have a row. A step reads a part of the prompts of a few rows of one table, and then one token (or a few guessed
 * ones) for every row that generates.
 */
export class Batch {
  readonly active = new Set<Active>();
  /** Tokens since the start: read, generated, guessed, guessed right; found in the prefix cache, and not found. */
  readonly counts = { steps: 0, prompt: 0, answer: 0, drafted: 0, accepted: 0, hit: 0, missed: 0 };
  readonly #model: RowModel;
  readonly #prefixes: PrefixCache;
  readonly #vocabulary: number;
  readonly #onEnd: (active: Active, error?: Error) => void;

  /** onEnd: its answer has ended, or an error ends it. */
  constructor(options: {
    model: RowModel;
    prefixes: PrefixCache;
    vocabulary: number;
    onEnd: (active: Active, error?: Error) => void;
  }) {
    this.#model = options.model;
    this.#prefixes = options.prefixes;
    this.#vocabulary = options.vocabulary;
    this.#onEnd = options.onEnd;
  }

  /** Takes over blocks that are known already. One token must be read in any case, for the logits after it. */
  #reuse(active: Active): void {
    const { row, answer, keys } = active;
    if (row.length % BLOCK !== 0 || row.length >= answer.promptTokens) return;
    while (row.length + BLOCK < answer.promptTokens) {
      const key = keyOf(active, row.length);
      const block = this.#prefixes.get(key);
      if (!block) break;
      row.table.addBlock(row, block);
      keys.push(key);
      answer.cachedTokens += BLOCK;
      this.counts.hit += BLOCK;
    }
    this.#prefixes.touch(keys);
  }

  /** One step of all rows. */
  async step(): Promise<void> {
    this.counts.steps++;
    const generating = new Map<RowTable, Active[]>();
    const reading = new Map<RowTable, (PlannedRow & { active: Active })[]>();
    const group = <T>(groups: Map<RowTable, T[]>, table: RowTable, item: T): void => {
      const list = groups.get(table) ?? [];
      list.push(item);
      groups.set(table, list);
    };
    for (const active of this.active) {
      this.#reuse(active);
      const planned = this.#planned(active);
      if (generates(planned)) group(generating, active.row.table, active);
      else group(reading, active.row.table, { ...planned, active });
    }
    const runs = [...reading].flatMap(([table, rows]) =>
      // Rows whose adapters have not started yet are read by the base.
      [true, false].flatMap((asBase) => {
        const run = prefillRun(rows.filter(({ active }) => active.row.length < active.start === asBase));
        return run ? [{ table, asBase, ...run }] : [];
      }),
    );
    const firstOf = ({ rows }: (typeof runs)[number]): PlannedRow => rows[0]!.row;
    runs.sort(
      (a, b) => Number(firstOf(b).interactive) - Number(firstOf(a).interactive) || firstOf(a).order - firstOf(b).order,
    );
    const [first] = runs;
    if (first)
      await this.#read(
        first.table,
        first.rows.map(({ row, count }) => ({ active: row.active, count })),
        first.asBase,
      );
    for (const [table, actives] of generating) await this.#generate(table, actives);
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

  /** Reads a part of the prompts of some rows. */
  async #read(table: RowTable, parts: readonly { active: Active; count: number }[], asBase: boolean): Promise<void> {
    const items = parts.map(({ active: { row, answer }, count }): RowTokens => {
      const ids = answer.tokens.slice(row.length, row.length + count);
      const last = row.length + count === answer.tokens.length;
      return { row, ids, wanted: last ? [count - 1] : [] };
    });
    const counts = parts.map(({ count }) => count);
    const read = counts.reduce((sum, count) => sum + count, 0);
    this.counts.prompt += read;
    this.counts.missed += read;
    await this.#run(
      table,
      parts.map(({ active }) => active),
      items,
      Math.max(...counts),
      { counts, asBase },
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

  /**
   * counts: tokens that each row keeps in any case; left out, its first one and the guesses that were right. `asBase`: the adapters of
   * these rows have not started yet.
   */
  async #run(
    table: RowTable,
    actives: readonly Active[],
    items: readonly RowTokens[],
    length: number,
    { counts, asBase = false }: { counts?: readonly number[]; asBase?: boolean } = {},
  ): Promise<void> {
    // The graph wants the logits of at least one token.
    const none = items.every(({ wanted }) => wanted.length === 0);
    const asked = none ? [{ ...items[0]!, wanted: [0] }, ...items.slice(1)] : items;
    const results = await this.#model.run(table, asked, length, asBase);
    const vocabulary = this.#vocabulary;
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
        this.#onEnd(active, error as Error);
        continue;
      }
      if (active.answer.ended) {
        this.#onEnd(active);
      } else this.#model.reserve(row, active.resident, row.length + BLOCK);
    }
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

  #append(active: Active, part: Parameters<RowTable['append']>[1], count: number): void {
    const { row, keys } = active;
    if (!row.table.append(row, part, count)) return;
    const from = row.length - BLOCK;
    const key = keyOf(active, from);
    keys.push(key);
    if (!this.#prefixes.get(key)) this.#prefixes.add(key, row.table.block(row, from));
  }
}

/** The key of the block at `from`, the first one that `keys` does not have yet. Blocks before the start of an adapter are the base's. */
function keyOf({ answer, keys, start, request }: Active, from: number): BlockKey {
  const before = keys.at(-1)!;
  const starts = start > 0 && from <= start && start < from + BLOCK;
  return nextKey(starts ? startKey(before, request.adapter!, start) : before, answer.tokens.slice(from, from + BLOCK));
}
