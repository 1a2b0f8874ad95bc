import { VeraError } from '../protocol/errors.ts';
import { hasAnswer, type Example } from './example.ts';
import { bucketsOf, packInto } from './packing.ts';
import type { DataSettings } from './settings.ts';

export interface Batch {
  rows: number;
  length: number;
  /** [rows * length] input tokens. */
  ids: Int32Array;
  /** [rows * length] position inside its own example (RoPE index). */
  positions: Int32Array;
  /** [rows * length] the number of the packed example in its row: 1, 2, 3...; 0 is padding. */
  segments: Int32Array;
  /** [rows * length] 1 for tokens that an adapter acts on which starts late; absent where none does. */
  active?: Float32Array;
  /** Flat indices (row * length + t) of the positions whose next token counts in the loss. */
  targets: Int32Array;
  /** The token to predict at each of these positions. */
  labels: Int32Array;
  /** Real (non-padding) input tokens. */
  tokens: number;
  /** Examples consumed from the stream to make this batch. */
  examples: number;
  /** Where to continue after this batch: `batches(dataset.train(seed, epoch, resume.row), { ..., resume })`. */
  resume: Resume;
}

/** A place between two batches, as plain numbers for a checkpoint. */
export interface Resume {
  /** The row of the epoch at which the stream starts again. */
  row: number;
  /** How many examples from there were read before. */
  read: number;
  /** Which of these (0-based) were not used yet. */
  pending: number[];
  /** How many batches of the look-ahead window were returned before. */
  skip: number;
}

export interface BatchOptions {
  rows: number;
  length: number;
  packing: DataSettings['packing'];
  resume?: Resume;
}

/** How many batches are laid out together from one look-ahead. */
const WINDOW_BATCHES = 16;

interface Item {
  example: Example;
  /** Input tokens: one less than ids. */
  length: number;
  /** How many examples this generator read before it. */
  ordinal: number;
  row: number;
  /** Its index among the examples of its row. */
  part: number;
}

/**
 * Makes batches from a stream of examples, one look-ahead window at a time, so that the same stream gives the same batches and
 * training can resume after any batch. 'pack' fills rows of `length` with several examples each. 'bucket' puts examples of
 * similar length together and pads them to the longest of the batch. 'none' keeps the order and pads in the same way.
 * An example of n ids gives n - 1 inputs. An example in which no token counts in the loss is dropped.
 */
export async function* batches(examples: AsyncIterable<Example>, options: BatchOptions): AsyncGenerator<Batch> {
  const { length, packing, resume } = options;
  const source = itemsOf(examples, resume?.row ?? 0)[Symbol.asyncIterator]();
  let last: Item | undefined;
  let ended = false;
  const next = async (): Promise<Item | undefined> => {
    if (ended) return undefined;
    const result = await source.next();
    if (result.done) {
      ended = true;
      return undefined;
    }
    last = result.value;
    return last;
  };

  let pending: Item[] = resume ? await readAgain(resume, next) : [];
  let skip = resume?.skip ?? 0;
  try {
    for (;;) {
      const begin = placeOf(pending, last, resume);
      const { fresh, dropped } = await lookAhead(next, pending, options);
      if (pending.length + fresh.length === 0) return;
      const { planned, left } = plan(pending, fresh, ended, options);
      pending = left;
      const end = placeOf(pending, last, resume);
      for (let i = skip; i < planned.length; i++) {
        const after = i + 1 === planned.length ? end : { ...begin, skip: i + 1 };
        yield build(planned[i]!, packing === 'pack' ? length : undefined, i === 0 ? dropped : 0, after);
      }
      skip = 0;
    }
  } finally {
    await source.return(undefined);
  }
}

async function* itemsOf(examples: AsyncIterable<Example>, firstRow: number): AsyncGenerator<Item> {
  let ordinal = 0;
  let part = 0;
  let previous = -1;
  for await (const example of examples) {
    // Examples that do not come from a dataset have no row; each is then a row of its own.
    const row = example.row ?? firstRow + ordinal;
    part = row === previous ? part + 1 : 0;
    previous = row;
    yield { example, length: example.ids.length - 1, ordinal: ordinal++, row, part };
  }
}

async function readAgain(resume: Resume, next: () => Promise<Item | undefined>): Promise<Item[]> {
  const wanted = new Set(resume.pending);
  const pending: Item[] = [];
  for (let i = 0; i < resume.read; i++) {
    const item = await next();
    if (!item) throw new VeraError('data', 'the dataset has fewer rows than when the run was interrupted');
    if (wanted.has(i)) pending.push(item);
  }
  return pending;
}

/** The resume point between two windows: the earliest row that is still needed, and which of the examples read since are. */
function placeOf(pending: readonly Item[], last: Item | undefined, resume: Resume | undefined): Resume {
  const anchor = pending[0] ?? last;
  if (!anchor || !last) return { row: resume?.row ?? 0, read: 0, pending: [], skip: 0 };
  const first = anchor.ordinal - anchor.part;
  return {
    row: anchor.row,
    read: last.ordinal - first + 1,
    pending: pending.map((item) => item.ordinal - first),
    skip: 0,
  };
}

async function lookAhead(
  next: () => Promise<Item | undefined>,
  pending: readonly Item[],
  { rows, length, packing }: BatchOptions,
): Promise<{ fresh: Item[]; dropped: number }> {
  const fresh: Item[] = [];
  let dropped = 0;
  let tokens = pending.reduce((sum, item) => sum + item.length, 0);
  const enough = (): boolean => {
    if (packing === 'pack') return tokens >= rows * length * WINDOW_BATCHES;
    return pending.length + fresh.length >= (packing === 'bucket' ? rows * WINDOW_BATCHES : rows);
  };
  while (!enough()) {
    const item = await next();
    if (!item) break;
    if (!hasAnswer(item.example)) {
      dropped++;
      continue;
    }
    if (item.length > length) {
      const { file, line } = item.example.source;
      const place = line === undefined ? file : `${file}, line ${line}`;
      throw new VeraError('data', `${place}: ${item.length} input tokens do not fit into a row of ${length}`);
    }
    fresh.push(item);
    tokens += item.length;
  }
  return { fresh, dropped };
}

/** Batches as rows of items, and the items that wait for the next window. */
function plan(
  pending: readonly Item[],
  fresh: readonly Item[],
  ended: boolean,
  { rows, length, packing }: BatchOptions,
): { planned: Item[][][]; left: Item[] } {
  if (packing === 'none') return { planned: [[...pending, ...fresh].map((item) => [item])], left: [] };
  if (packing === 'bucket') {
    const groups = bucketsOf([...pending, ...fresh], rows);
    return { planned: groups.map((group) => group.map((item) => [item])), left: [] };
  }
  // The look-ahead has tokens for at least this many rows, so only the last batch of the stream can have fewer rows.
  const bins = ended ? Infinity : rows * WINDOW_BATCHES;
  const { rows: packed, left } = packInto(pending, fresh, length, bins);
  const planned: Item[][][] = [];
  for (let i = 0; i < packed.length; i += rows) planned.push(packed.slice(i, i + rows));
  return { planned, left };
}

function build(planned: Item[][], fixedLength: number | undefined, dropped: number, resume: Resume): Batch {
  const rows = planned.length;
  const length = fixedLength ?? planned.reduce((most, row) => Math.max(most, row[0]!.length), 0);
  const ids = new Int32Array(rows * length);
  const positions = new Int32Array(rows * length);
  const segments = new Int32Array(rows * length);
  const targets: number[] = [];
  const labels: number[] = [];
  const late = planned.some((row) => row.some(({ example }) => example.start !== undefined));
  const active = late ? new Float32Array(rows * length) : undefined;
  let tokens = 0;
  let examples = dropped;
  planned.forEach((row, r) => {
    let at = r * length;
    row.forEach(({ example, length: inputs }, segment) => {
      for (let t = 0; t < inputs; t++) {
        ids[at + t] = example.ids[t]!;
        positions[at + t] = t;
        segments[at + t] = segment + 1;
        if (example.counts[t + 1] === 1) {
          targets.push(at + t);
          labels.push(example.ids[t + 1]!);
        }
      }
      active?.fill(1, at + Math.min(example.start ?? 0, inputs), at + inputs);
      at += inputs;
      tokens += inputs;
      examples++;
    });
  });
  return {
    rows,
    length,
    ids,
    positions,
    segments,
    ...(active ? { active } : {}),
    targets: Int32Array.from(targets),
    labels: Int32Array.from(labels),
    tokens,
    examples,
    resume,
  };
}
