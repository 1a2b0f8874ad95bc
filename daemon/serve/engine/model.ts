import type { BaseModel } from '../../models/base.ts';
import { cpu } from '../../runtime/cpu.ts';
import type { Loaded, LoadOptions, Results } from '../../runtime/executor.ts';
import { weightLocator } from '../../weights/locate.ts';
import { type BankForm, NO_ADAPTER, type Resident } from './bank.ts';
import { engineGraph } from './graph.ts';
import { type Row, roomFor, RowTable } from './rows.ts';

export interface ModelOptions {
  readonly base: BaseModel;
  /** The name of a weight format. */
  readonly precision: string;
  /** Folder for transformed weights. */
  readonly cache: string;
  /** Most positions of a row. */
  readonly maxLength: number;
  readonly session?: LoadOptions;
}

/** New tokens of a row. */
export interface RowTokens {
  readonly row: Row;
  readonly ids: readonly number[];
  /** Indexes into `ids` of the tokens whose logits are needed. */
  readonly wanted: readonly number[];
}

/** Brings rows of a table next to each other, in this order, with few moves. -> the index of the first. */
function together(table: RowTable, items: readonly RowTokens[]): number {
  const least = Math.min(...items.map(({ row }) => row.index));
  const from = Math.min(least, table.rows.length - items.length);
  items.forEach(({ row }, i) => table.swap(row.index, from + i));
  return from;
}

/** The rows in use, in tables by graph, projection and room, and the graphs. A graph is loaded when an adapter of its form first comes, and kept. */
export class RowModel {
  readonly #options: ModelOptions;
  readonly #graphs = new Map<string, Promise<Loaded>>();
  readonly #tables = new Map<string, { table: RowTable; resident: Resident }>();

  constructor(options: ModelOptions) {
    this.#options = options;
  }

  /** Loads the graph for a form where that has not been done. */
  async prepare(form: BankForm): Promise<void> {
    await this.#graph(form);
  }

  #graph(form: BankForm): Promise<Loaded> {
    const known = this.#graphs.get(form.key);
    if (known) return known;
    const { base, precision, cache, maxLength, session } = this.#options;
    const graph = engineGraph({ base, precision, maxLength, adaptation: form.adaptation, sites: form.sites });
    // With prepacked weights, float32 products give a row the same bits whatever the other rows hold.
    const loaded = cpu.load(graph, weightLocator(base, cache), { ...session, prepack: true });
    this.#graphs.set(form.key, loaded);
    loaded.catch(() => this.#graphs.delete(form.key));
    return loaded;
  }

  tables(): RowTable[] {
    return [...this.#tables.values()].map(({ table }) => table);
  }

  get bytes(): number {
    return this.tables().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** An empty row with room for so many positions. */
  add(resident: Resident, positions: number): Row {
    return this.#table(resident, roomFor(positions)).add(resident.theta);
  }

  /** Makes sure that a row has room for so many positions. */
  reserve(row: Row, resident: Resident, positions: number): void {
    const room = roomFor(positions);
    if (room > row.table.room) {
      const from = row.table;
      from.moveTo(row, this.#table(resident, room));
      this.#drop(from);
    }
  }

  remove(row: Row): void {
    row.table.remove(row);
    this.#drop(row.table);
  }

  #table(resident: Resident, room: number): RowTable {
    const key = JSON.stringify([resident.projection, room]);
    const known = this.#tables.get(key);
    if (known) return known.table;
    const table = new RowTable(this.#options.base.config, room, resident.form.layout.size);
    this.#tables.set(key, { table, resident });
    return table;
  }

  #drop(table: RowTable): void {
    if (table.rows.length > 0) return;
    for (const [key, entry] of this.#tables) if (entry.table === table) this.#tables.delete(key);
  }

  /**
   * Reads new tokens of some rows of one table: at most `length` of each, fewer are filled up. Nothing is added to the caches; the caller
   * does that with `keys` and `values` of the results (`RowTable.append`). `asBase`: their adapters do not act on these tokens.
   * -> also the logits that are wanted, [answers, vocabulary].
   */
  async run(table: RowTable, items: readonly RowTokens[], length: number, asBase: boolean): Promise<Results> {
    const from = together(table, items);
    const batch = items.length;
    const ids = new BigInt64Array(batch * length);
    const positions = new BigInt64Array(batch * length);
    const wanted: number[] = [];
    items.forEach((item, place) => {
      for (let t = 0; t < length; t++) {
        ids[place * length + t] = BigInt(item.ids[t] ?? 0);
        positions[place * length + t] = BigInt(item.row.length + t);
      }
      wanted.push(...item.wanted.map((t) => place * length + t));
    });
    const entry = [...this.#tables.values()].find((one) => one.table === table)!;
    const { form, frozen } = asBase ? NO_ADAPTER : entry.resident;
    const graph = await this.#graph(form);
    const { thetas, ...caches } = table.feeds(from, batch);
    return graph.run({
      ...caches,
      ...(thetas === undefined || asBase ? {} : { thetas }),
      ...frozen,
      ids: { type: 'int64', data: ids, dims: [ids.length] },
      positions: { type: 'int64', data: positions, dims: [batch, length] },
      wanted: { type: 'int64', data: BigInt64Array.from(wanted, BigInt), dims: [wanted.length] },
    });
  }

  async release(): Promise<void> {
    const graphs = await Promise.allSettled(this.#graphs.values());
    this.#graphs.clear();
    this.#tables.clear();
    for (const graph of graphs) if (graph.status === 'fulfilled') await graph.value.release();
  }
}
