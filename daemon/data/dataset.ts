import { statSync } from 'node:fs';
import { VeraError } from '../protocol/errors.ts';
import { columnMapOf, mappedReader } from './columns.ts';
import { detectFormat, readSample } from './detect.ts';
import { count, emptyTally, notesOf, type Tally } from './description.ts';
import { encodeSample } from './encode.ts';
import { hasAnswer, type Example } from './example.ts';
import type { Sample } from './formats/format.ts';
import { seededRandom, shuffled } from './random.ts';
import { openCodeFolder } from './readers/code.ts';
import { cannotRead, notRegular } from './readers/file.ts';
import type { ReaderOptions, RowReader } from './readers/reader.ts';
import { openDatasetFolder } from './readers/folder.ts';
import { openFile } from './readers/open.ts';
import { unusedFields } from './messages/unused.ts';
import { BadRow, LeftOut } from './row.ts';
import type { DataSettings } from './settings.ts';
import { splitRows } from './split.ts';
import { type Start, startIn } from './start.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface DatasetOptions extends Pick<
  DataSettings,
  'lossOn' | 'onBadRow' | 'format' | 'columns' | 'encoding' | 'fimRate' | 'maxExamples'
> {
  tokenizer: Tokenizer;
  /** Input tokens in a row of a batch. */
  length: number;
  /** The fraction of rows that is held out, chosen by hash. 0: none. 1: all, in the order of the file, as an evaluation wants it. */
  heldOut: number;
  /** The most tokens that the base reads at once, for advice about `length`. */
  maxLength?: number;
  /** What to do with text and code longer than `length`: cut it into windows (default), or use only its beginning. */
  windows?: 'cut' | 'split';
  /** Where the adapter starts, for one that starts late. */
  start?: Start | undefined;
  /**
   * Keep rows in which the adapter never starts, and tokens before its start in the loss. An evaluation does, because it compares
   * with other adapters. Training leaves both out: the adapter cannot change them.
   */
  keepUnstarted?: boolean;
}

export interface Dataset {
  /** What was detected, for people: 'JSONL, chat messages'. */
  format: string;
  /** One line: the file, rows, and the notes. */
  description: string;
  /** What a person should know about these rows, in sentences without a full stop: what is left out, cut off or not used, and why. */
  notes: readonly string[];
  /** sha256 (hex) of the content. */
  hash: string;
  /** Bad rows that were skipped. In a large file, more may be found while it is read. */
  skipped: { count: number; first?: string };
  /** Rows longer than `length` whose end was cut off, among those read so far. */
  cut: number;
  /** Rows that the data mark as not to be learned. In a large file, more may be found while it is read. */
  leftOut: number;
  /** Rows in which no token counts in the loss, among those read so far. */
  dropped: number;
  /** Rows in which the adapter never starts, among those read so far. */
  unstarted: number;
  /** Training rows (before tokenising). */
  rows: number;
  heldOutRows: number;
  /** The rows in a seeded order, the same every time. `start` rows are skipped without reading them. */
  train(seed: number, epoch: number, start?: number): AsyncGenerator<Example>;
  /** The held-out rows in the order of the file, as fill-in-the-middle only if the adapter starts there. */
  heldOut(): AsyncGenerator<Example>;
  /** Some held-out rows as they stand in the file, with their places among the held-out rows. Rows that cannot be read are left out. */
  heldOutSamples(from: number, limit: number): { sample: Sample; source: Example['source']; place: number }[];
  /** Tokenises the rows, or of many rows a sample, so that the notes know which are cut off or dropped before training starts. */
  survey(): void;
  /** The same rows, which are not read and checked again, cut at another length. It is closed with this one. */
  ofLength(length: number): Dataset;
  close(): void;
}

/** A file up to this size is checked before training. Of a larger one, only the first rows are checked. */
const CHECKED_BYTES = 64 * 1024 * 1024;
const CHECKED_ROWS = 1000;

/** What is known about a row that was read with one length. */
const CUT = 1;
const DROPPED = 2;
const UNSTARTED = 4;
const READ = 8;

/** A survey stops after so many tokens. Tokenising them takes about a second. */
const SURVEYED_TOKENS = 300_000;

/**
 * Opens a dataset: a file that one of the readers knows, or a folder of code. Only an index of the rows stays in memory.
 * Throws a 'data' error with file and line for a row that cannot be read. With onBadRow 'skip' it counts such rows instead.
 */
export async function openDataset(path: string, options: DatasetOptions): Promise<Dataset> {
  return ofLength(await openRows(path, options), options, options.length);
}

/** What decides which rows there are, and which of them are held out. */
export type RowOptions = Pick<
  DatasetOptions,
  'onBadRow' | 'format' | 'columns' | 'encoding' | 'maxExamples' | 'heldOut'
>;

/** Opens the rows of a dataset as they stand in it, split as `openDataset` splits them. The caller closes the reader. */
export async function openRows(path: string, options: RowOptions): Promise<CheckedRows> {
  const map = columnMapOf(options.columns);
  const { maxExamples: maxRows = Infinity, encoding } = options;
  const how = { maxRows, ...(encoding === undefined ? {} : { encoding }), measures: options.heldOut === 1 };
  const reader = await openReader(path, how);
  try {
    return checkedRows(path, mappedReader(reader, map), options);
  } catch (error) {
    reader.close();
    throw error;
  }
}

async function openReader(path: string, options: ReaderOptions & { measures: boolean }): Promise<RowReader> {
  let stat;
  try {
    stat = statSync(path);
  } catch (cause) {
    throw cannotRead(path, cause);
  }
  if (stat.isDirectory()) return (await openDatasetFolder(path, options)) ?? openCodeFolder(path, options);
  if (!stat.isFile()) throw notRegular(path);
  return openFile(path, options);
}

function checkedRows(path: string, reader: RowReader, options: RowOptions): CheckedRows {
  if (reader.count === 0) throw new VeraError('data', `${path} is empty: it has no rows`);
  const format = detectFormat(path, reader, options);
  const wrong = new Uint8Array(reader.count);
  const skipped: Dataset['skipped'] = { count: 0 };
  const leftOut = new Map<string, number>();
  const unused = new Set<string>();

  const bad = (i: number, error: BadRow): void => {
    if (error instanceof LeftOut) {
      if (!wrong[i]) leftOut.set(error.reason, (leftOut.get(error.reason) ?? 0) + 1);
      wrong[i] = 1;
      return;
    }
    const { file, line } = reader.source(i);
    const message = `${file}${line === undefined ? '' : `, line ${line}`}: ${error.message}`;
    if (options.onBadRow === 'error') throw new VeraError('data', message, error.helps);
    if (wrong[i]) return;
    wrong[i] = 1;
    skipped.count++;
    skipped.first ??= message;
  };
  const checked = reader.bytes <= CHECKED_BYTES ? reader.count : Math.min(reader.count, CHECKED_ROWS);
  for (let i = 0; i < checked; i++) {
    try {
      const row = reader.read(i);
      readSample(format, row);
      for (const field of unusedFields(format, row)) unused.add(field);
    } catch (error) {
      if (!(error instanceof BadRow)) throw error;
      bad(i, error);
    }
  }
  const { train, heldOut } = splitRows(reader, (i) => !wrong[i], options.heldOut);
  if (train.length + heldOut.length === 0) {
    const why = [...leftOut].map(([reason, count]) => `${count} left out because ${reason}`);
    if (skipped.first !== undefined) why.push(`the first error: ${skipped.first}`);
    throw new VeraError('data', `${path} has no row that can be used; ${why.join('; ')}`);
  }

  const sample = (i: number): Sample | undefined => {
    try {
      return wrong[i] ? undefined : readSample(format, reader.read(i));
    } catch (error) {
      if (!(error instanceof BadRow)) throw error;
      return undefined;
    }
  };
  return { path, reader, format, wrong, skipped, leftOut, unused, bad, train, heldOut, sample };
}

/** Rows that were read and checked once, for every length. */
export interface CheckedRows {
  readonly path: string;
  readonly reader: RowReader;
  readonly format: ReturnType<typeof detectFormat>;
  /** 1 for a row that is left out because it is wrong. */
  readonly wrong: Uint8Array;
  readonly skipped: Dataset['skipped'];
  /** How many rows the data mark as not to be learned, by reason. */
  readonly leftOut: ReadonlyMap<string, number>;
  /** Fields with a value that the format does not read. */
  readonly unused: ReadonlySet<string>;
  /** Takes note of a row that is wrong, or throws it. */
  readonly bad: (i: number, error: BadRow) => void;
  readonly train: Uint32Array;
  readonly heldOut: Uint32Array;
  /** Row i as its format reads it; undefined if it cannot be read. */
  readonly sample: (i: number) => Sample | undefined;
}

function ofLength(rows: CheckedRows, options: DatasetOptions, length: number): Dataset {
  const { path, reader, format, wrong, skipped, leftOut, bad, train, heldOut } = rows;
  const flags = new Uint8Array(reader.count);
  const tally: Tally = emptyTally();
  const { start, keepUnstarted = false } = options;
  const every = !keepUnstarted && startsAtMiddle(options);

  /** The examples of row i. Notes whether it was cut off or dropped. */
  const examplesOf = (i: number, seeds: (string | number)[], fimRate: number): Omit<Example, 'row'>[] => {
    if (wrong[i]) return [];
    try {
      const {
        examples,
        cut,
        tokens,
        unwritten = [],
      } = encodeSample(readSample(format, reader.read(i)), {
        tokenizer: options.tokenizer,
        length,
        lossOn: options.lossOn,
        windows: options.windows ?? 'split',
        fimRate,
        random: seededRandom(...seeds, reader.key(i)),
      });
      const source = reader.source(i);
      const learnable = examples.map((example) => ({ ...example, source })).filter(hasAnswer);
      const placed = learnable.map((example): Omit<Example, 'row'> => (start ? withStart(example, start) : example));
      const started = placed.filter(({ start: at, ids }) => at !== ids.length);
      const kept = keepUnstarted ? placed : started.map(countedFromStart).filter(hasAnswer);
      const found = (flag: number, is: boolean): number => (is && !(flags[i]! & flag) ? flag : 0);
      const unstarted = found(UNSTARTED, started.length === 0 && learnable.length > 0);
      const dropped = found(DROPPED, kept.length === 0 && (started.length > 0 || learnable.length === 0));
      const isCut = found(CUT, cut);
      if (unstarted) tally.unstarted++;
      if (dropped) tally.dropped++;
      if (isCut) tally.cut++;
      if (!(flags[i]! & READ)) {
        tally.read++;
        tally.tokens += tokens;
        tally.longest = Math.max(tally.longest, tokens);
        if (cut && dropped) tally.tooLong++;
        for (const what of unwritten) tally.unwritten.set(what, (tally.unwritten.get(what) ?? 0) + 1);
      }
      flags[i]! |= isCut | dropped | unstarted | READ;
      return kept;
    } catch (error) {
      if (!(error instanceof BadRow)) throw error;
      bad(i, error);
      return [];
    }
  };
  const notes = (): string[] =>
    notesOf({ ...rows, tally, length, maxLength: options.maxLength, wantsHeldOut: options.heldOut > 0 });
  async function* stream(
    order: Uint32Array,
    start: number,
    seeds: (string | number)[],
    fimRate: number,
  ): AsyncGenerator<Example> {
    let some = start > 0 || order.length === 0;
    for (let row = start; row < order.length; row++) {
      for (const example of examplesOf(order[row]!, seeds, fimRate)) {
        some = true;
        yield { ...example, row };
      }
    }
    if (!some) throw tally.unstarted > 0 ? neverStarts(path, options) : nothingLeft(path, length, skipped.first, tally);
  }

  return {
    format: `${reader.name}, ${format.label}`,
    get description() {
      const counts = `${path}: ${count(train.length, 'row')} for training, ${heldOut.length.toLocaleString('en-US')} held out`;
      const skips =
        skipped.count > 0 ? [`${skipped.count.toLocaleString('en-US')} skipped, the first: ${skipped.first}`] : [];
      return [counts, ...skips, ...notes()].join('; ');
    },
    get notes() {
      return notes();
    },
    get leftOut() {
      return [...leftOut.values()].reduce((sum, one) => sum + one, 0);
    },
    survey() {
      const order = shuffled(Uint32Array.from([...train, ...heldOut]), 'survey');
      for (const row of order) {
        if (tally.tokens >= SURVEYED_TOKENS) break;
        if (!(flags[row]! & READ)) examplesOf(row, ['survey'], 0);
      }
    },
    hash: reader.hash,
    skipped,
    get cut() {
      return tally.cut;
    },
    get dropped() {
      return tally.dropped;
    },
    get unstarted() {
      return tally.unstarted;
    },
    rows: train.length,
    heldOutRows: heldOut.length,
    train: (seed, epoch, start = 0) =>
      stream(shuffled(train, 'order', seed, epoch), start, ['fim', seed, epoch], every ? 1 : options.fimRate),
    heldOut: () => stream(heldOut, 0, ['held out'], every ? 1 : 0),
    heldOutSamples: (from, limit) =>
      Array.from(heldOut.slice(from, from + limit)).flatMap((row, i) => {
        const sample = rows.sample(row);
        return sample === undefined ? [] : [{ sample, source: reader.source(row), place: from + i }];
      }),
    ofLength: (other) => ofLength(rows, options, other),
    close: () => reader.close(),
  };
}

/** Whether the adapter starts at the fill-in-the-middle token. Then it can learn only from such examples. */
const startsAtMiddle = ({ start, tokenizer }: DatasetOptions): boolean =>
  start?.tokens?.length === 1 && start.tokens[0] === tokenizer.fim?.middle;

function withStart<E extends Pick<Example, 'ids' | 'counts'>>(example: E, start: Start): E & { start: number } {
  // Where every token counts, as in text and code, no answer begins.
  const answer = example.counts[0] === 1 ? 0 : Math.max(0, example.counts.indexOf(1));
  return { ...example, start: startIn(start, example.ids, answer) };
}

/** The same example; tokens that are predicted before the start do not count in the loss. */
function countedFromStart<E extends Pick<Example, 'counts' | 'start'>>(example: E): E {
  if (example.start === undefined) return example;
  return { ...example, counts: example.counts.slice().fill(0, 0, example.start + 1) };
}

function neverStarts(path: string, { start, tokenizer }: DatasetOptions): VeraError {
  const tokens = start?.tokens?.map((id) => JSON.stringify(tokenizer.decode([id]))).join(' ');
  const what =
    tokens === undefined
      ? 'no row has an answer, which is where it begins'
      : `no row holds the tokens after which it begins: ${tokens}`;
  return new VeraError(
    'data',
    `${path}: the adapter would never start, because ${what}; choose another value for Start after`,
    { settings: ['activateAfter'] },
  );
}

function nothingLeft(path: string, length: number, first: string | undefined, tally: Tally): VeraError {
  const nothing = `${path}: the model can learn nothing from these rows`;
  if (first !== undefined) return new VeraError('data', `${nothing}: ${first}`);
  if (tally.tooLong === 0 && tally.longest < 2)
    return new VeraError(
      'data',
      `${nothing}: each is shorter than two tokens, and the model predicts a token from those before it`,
    );
  if (tally.tooLong === 0)
    return new VeraError('data', `${nothing}: none of their tokens counts in the loss, because no row has an answer`);
  const reason = `no token of an answer is within the first ${length} tokens of a row; choose a larger Row length`;
  return new VeraError(
    'data',
    `${nothing}: ${reason} (the longest row read has ${tally.longest.toLocaleString('en-US')} tokens)`,
    {
      settings: ['length'],
    },
  );
}
