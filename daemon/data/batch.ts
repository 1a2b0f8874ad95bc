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
  /** [rows * length] 1, 2, 3.. per row for packed examples, 0 = padding. */
  segments: Int32Array;
  /** Flat indices (row * length + t) of the positions whose next token counts. */
  targets: Int32Array;
  /** The token to be predicted at each of targets. */
  labels: Int32Array;
  /** Real (non-padding) input tokens. */
  tokens: number;
  /** Examples consumed from the stream to make this batch. */
  examples: number;
  /** Where to go on after this batch: `batches(dataset.train(seed, epoch, resume.row), { ..., resume })`. */
  resume: Resume;
}

/** A place between two batches, as plain numbers for a checkpoint. */
export interface Resume {
  /** Row of the epoch at which the stream is started again. */
  row: number;
  /** Examples to read again from there before new ones. */
  read: number;
  /** Which of these (0-based) are still to be used; the others were. */
  pending: number[];
  /** Batches of the look-ahead window that were already given out. */
  skip: number;
}

export interface BatchOptions {
  rows: number;
  length: number;
  packing: DataSettings['packing'];
  resume?: Resume;
}

/** Batches that are planned together from one bounded look-ahead. */
const WINDOW_BATCHES = 16;

interface Item {
  example: Example;
  /** Inputs: one less than ids. */
  length: number;
  /** Count of examples read before it by this generator. */
  ordinal: number;
  row: number;
  /** Place among the examples of its row. */
  part: number;
}

/**
 * Batches from a stream of examples, whole windows of look-ahead at a time, so that the same stream gives the same
 * batches and any batch can be resumed after. 'pack' fills rows of `length` with several examples each; 'bucket' puts
 * examples of like length together and pads to the longest of the batch; 'none' keeps the order and pads so too.
 * An example of n ids gives n - 1 inputs; one without a counted token is consumed and dropped.
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
    // Examples from elsewhere carry no row: each is then its own.
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
    if (!item) throw new VeraError('data', 'The dataset has fewer rows than when the run was interrupted');
    if (wanted.has(i)) pending.push(item);
  }
  return pending;
}

/** The resume point between windows: the earliest row that is still needed, and what is needed of what was read. */
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
      throw new VeraError('data', `${place}: ${item.length} input tokens do not fit a row of ${length}`);
    }
    fresh.push(item);
    tokens += item.length;
  }
  return { fresh, dropped };
}

/** Batches as rows of items, and what waits for the next window. */
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
  // The look-ahead holds at least this many rows' tokens, so only the stream's last batch can be short of rows.
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
    targets: Int32Array.from(targets),
    labels: Int32Array.from(labels),
    tokens,
    examples,
    resume,
  };
}
