import type { BaseModel } from '../../models/base.ts';
import { cpu } from '../../runtime/cpu.ts';
import type { Loaded, LoadOptions } from '../../runtime/executor.ts';
import { weightLocator } from '../../weights/locate.ts';
import { type BankForm, NO_ADAPTER, type Resident } from './bank.ts';
import { engineGraph } from './graph.ts';
import { type Row, RowTable } from './rows.ts';

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

interface LoadedGraph {
  readonly loaded: Loaded;
  /** Names of its inputs. */
  readonly inputs: ReadonlySet<string>;
}

/** New tokens of a row. */
export interface RowTokens {
  readonly row: Row;
  readonly ids: readonly number[];
  /** Indexes into `ids` of the tokens whose logits are needed. */
  readonly wanted: readonly number[];
}

/** Rows of a table differ less than this factor in length, except for short ones. Each table takes a run of its own, in which all rows count as long as the longest. */
const FACTOR = 2;
const SHORT = 256;

/** The most positions of a row that may share a table with a row of so many. */
function shareOf(positions: number): number {
  let most = SHORT;
  while (most < positions) most *= FACTOR;
  return most;
}

/** The rows in use, and the graphs. A row that reads its prompt has a table of its own; rows that generate share tables by projection and length. A graph is loaded when an adapter of its form first comes, and kept. */
export class RowModel {
  readonly #options: ModelOptions;
  readonly #graphs = new Map<string, Promise<LoadedGraph>>();
  /** most: positions of a row of a shared table. */
  readonly #tables = new Map<RowTable, { readonly resident: Resident; readonly most?: number }>();
  /** The logits of the last run. */
  #logits = new Float32Array();

  constructor(options: ModelOptions) {
    this.#options = options;
  }

  /** Loads the graph for a form where that has not been done. */
  async prepare(form: BankForm): Promise<void> {
    await this.#graph(form);
  }

  #graph(form: BankForm): Promise<LoadedGraph> {
    const known = this.#graphs.get(form.key);
    if (known) return known;
    const { base, precision, cache, maxLength, session } = this.#options;
    const graph = engineGraph({ base, precision, maxLength, adaptation: form.adaptation, sites: form.sites });
    // With prepacked weights, float32 products give a row the same bits whatever the other rows hold.
    const loading = cpu.load(graph, weightLocator(base, cache), { ...session, prepack: true, inPlace: true });
    const inputs = new Set(graph.inputs.map(({ name }) => name));
    const found = loading.then((loaded) => ({ loaded, inputs }));
    this.#graphs.set(form.key, found);
    found.catch(() => this.#graphs.delete(form.key));
    return found;
  }

  tables(): RowTable[] {
    return [...this.#tables.keys()];
  }

  get bytes(): number {
    return this.tables().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** An empty row, which reads its prompt of so many tokens alone. */
  add(resident: Resident, positions: number): Row {
    return this.#table(resident).add(resident.theta, positions);
  }

  /** Puts a row beside others that generate. */
  share(row: Row, resident: Resident): void {
    this.#move(row, resident, shareOf(row.length));
  }

  /** Makes sure that a row that may get so many new tokens stands beside others of its length. */
  reserve(row: Row, resident: Resident, tokens: number): void {
    const most = shareOf(row.length + tokens);
    if (most > (this.#tables.get(row.table)?.most ?? 0)) this.#move(row, resident, most);
  }

  remove(row: Row): void {
    row.table.remove(row);
    this.#drop(row.table);
  }

  #move(row: Row, resident: Resident, most: number): void {
    const shared = [...this.#tables].find(
      ([, table]) => table.most === most && table.resident.projection === resident.projection,
    );
    const from = row.table;
    if (!shared && from.rows.length === 1) this.#tables.set(from, { resident, most });
    else {
      from.moveTo(row, shared?.[0] ?? this.#table(resident, most));
      this.#drop(from);
    }
  }

  #table(resident: Resident, most?: number): RowTable {
    const table = new RowTable(this.#options.base.config, resident.form.layout.size);
    this.#tables.set(table, { resident, ...(most === undefined ? {} : { most }) });
    return table;
  }

  #drop(table: RowTable): void {
    if (table.rows.length === 0) this.#tables.delete(table);
  }

  /**
   * Reads new tokens of all rows of a table, in their order. The caller says how many of them each row keeps (`RowTable.append`).
   * `asBase`: their adapters do not act on these tokens. -> the logits that are wanted, [answers, vocabulary], until the next run.
   */
  async run(table: RowTable, items: readonly RowTokens[], asBase: boolean): Promise<Float32Array> {
    const batch = items.length;
    const counts = items.map(({ ids }) => ids.length);
    const length = Math.max(...counts);
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
    const { form, frozen } = asBase ? NO_ADAPTER : this.#tables.get(table)!.resident;
    const { loaded, inputs } = await this.#graph(form);
    const {
      feeds: { thetas, scales, ...feeds },
      outputs,
    } = table.feeds(length);
    const { vocabulary } = this.#options.base.config;
    const size = wanted.length * vocabulary;
    if (this.#logits.length < size) this.#logits = new Float32Array(size);
    const logits = this.#logits.subarray(0, size);
    await loaded.runInto(
      {
        ...feeds,
        ...(inputs.has('thetas') && { thetas: thetas! }),
        ...(inputs.has('scales') && { scales: scales! }),
        ...frozen,
        ids: { type: 'int64', data: ids, dims: [ids.length] },
        positions: { type: 'int64', data: positions, dims: [batch, length] },
        wanted: { type: 'int64', data: BigInt64Array.from(wanted, BigInt), dims: [wanted.length] },
      },
      { ...outputs, logits: { type: 'float32', data: logits, dims: [wanted.length, vocabulary] } },
    );
    return logits;
  }

  async release(): Promise<void> {
    const graphs = await Promise.allSettled(this.#graphs.values());
    this.#graphs.clear();
    this.#tables.clear();
    for (const graph of graphs) if (graph.status === 'fulfilled') await graph.value.loaded.release();
  }
}
