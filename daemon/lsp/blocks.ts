import type { Position } from 'vscode-languageserver-protocol';

/** Characters of a block: small enough that replacing one costs nothing, large enough that 100 MB make a short list. */
const BLOCK = 64 * 1024;

/** Some whole lines of a document, each with its line break. Only the document's last line may have none. */
export interface Block<Fact> {
  readonly text: string;
  /** Where each line begins in `text`. */
  readonly starts: Uint32Array;
  /** What is known about each line. It stays with the line when other lines are edited. */
  readonly facts: (Fact | undefined)[];
  /** The part of a row that each line is (see rows.ts). The layout of rows fills it. */
  marks: Uint8Array;
  /** The state of the row layout at the start of this block; -1 before the layout reached it. */
  entry: number;
  exit: number;
  /** How many rows begin here, and how many of them were not checked yet. */
  rows: number;
  open: number;
  /** Lines with something to report, and the state of repeats at that time; undefined if not known (noisy.ts). */
  noisy: { lines: readonly number[]; repeats: number } | undefined;
}

/** What an edit changed in a list of blocks. */
export interface Splice<Fact> {
  /** Index of the first new block, and how many new blocks there are. */
  at: number;
  count: number;
  /** Facts of lines that were removed or changed. */
  dropped: Fact[];
  /** The first changed line, the number of lines there now, and the number before. */
  line: number;
  lines: number;
  removed: number;
}

/** Cuts text into blocks, after line feeds. A line break is \n, \r\n or \r, as the protocol says. */
export function blocksOf<Fact>(text: string): Block<Fact>[] {
  const blocks: Block<Fact>[] = [];
  let from = 0;
  while (text.length - from > BLOCK) {
    const end = text.indexOf('\n', from + BLOCK) + 1;
    if (end === 0 || end === text.length) break;
    blocks.push(blockOf(text.slice(from, end), false));
    from = end;
  }
  blocks.push(blockOf(text.slice(from), true));
  return blocks;
}

function blockOf<Fact>(text: string, last: boolean): Block<Fact> {
  const starts = startsOf(text);
  // The empty line after the final line break counts as a line of the document, once.
  const count = !last && starts.at(-1) === text.length ? starts.length - 1 : starts.length;
  return {
    text,
    starts: Uint32Array.from(count === starts.length ? starts : starts.slice(0, count)),
    facts: new Array<Fact | undefined>(count),
    marks: new Uint8Array(count),
    entry: -1,
    exit: -1,
    rows: 0,
    open: 0,
    noisy: undefined,
  };
}

function startsOf(text: string): number[] {
  const starts = [0];
  if (text.includes('\r')) {
    for (const { index, 0: found } of text.matchAll(/\r\n?|\n/g)) starts.push(index + found.length);
  } else {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  }
  return starts;
}

/** Where the content of line `i` ends: before its line break. */
export function endOf(block: Block<unknown>, i: number): number {
  let end = i + 1 < block.starts.length ? block.starts[i + 1]! : block.text.length;
  const start = block.starts[i]!;
  if (end > start && block.text.charCodeAt(end - 1) === 0x0a) end--;
  if (end > start && block.text.charCodeAt(end - 1) === 0x0d) end--;
  return end;
}

export const lineOf = (block: Block<unknown>, i: number): string => block.text.slice(block.starts[i], endOf(block, i));

/** The block of a line and its index there. Beyond the end: those of the last line. */
export function locate(blocks: readonly Block<unknown>[], line: number): { block: number; index: number } {
  let left = Math.max(0, line);
  for (let block = 0; block < blocks.length; block++) {
    const { length } = blocks[block]!.starts;
    if (left < length) return { block, index: left };
    left -= length;
  }
  return { block: blocks.length - 1, index: blocks.at(-1)!.starts.length - 1 };
}

export const lineCount = (blocks: readonly Block<unknown>[]): number =>
  blocks.reduce((sum, { starts }) => sum + starts.length, 0);

/** Replaces a range of the document by `text`, in `blocks` itself. Positions outside are moved to the nearest place. */
export function splice<Fact>(blocks: Block<Fact>[], from: Position, to: Position, text: string): Splice<Fact> {
  const total = lineCount(blocks);
  const start = placeOf(blocks, from, total);
  const end = placeOf(blocks, to, total);
  const ordered = start.block < end.block || (start.block === end.block && start.offset <= end.offset);
  const [head, tail] = ordered ? [start, end] : [end, start];
  const [first, last] = [blocks[head.block]!, blocks[tail.block]!];

  const kept = first.facts.slice(0, head.index);
  const after = last.facts.slice(tail.index + 1);
  const fresh = blocksOf<Fact>(first.text.slice(0, head.offset) + text + last.text.slice(tail.offset));
  // Only the document's end may keep an empty line after a line break.
  if (tail.block < blocks.length - 1) fresh.push(blockOf(fresh.pop()!.text, false));
  const lines = lineCount(fresh);
  const dropped: Fact[] = [];
  for (let b = head.block; b <= tail.block; b++) {
    const begin = b === head.block ? head.index : 0;
    const stop = b === tail.block ? tail.index + 1 : blocks[b]!.facts.length;
    for (let i = begin; i < stop; i++) if (blocks[b]!.facts[i] !== undefined) dropped.push(blocks[b]!.facts[i]!);
  }
  let line = 0;
  for (const block of fresh) {
    for (let i = 0; i < block.starts.length; i++, line++) {
      if (line < kept.length) block.facts[i] = kept[line];
      else if (line >= lines - after.length) block.facts[i] = after[line - (lines - after.length)];
    }
  }
  const before = lineCount(blocks.slice(0, head.block));
  const removed = lineCount(blocks.slice(head.block, tail.block + 1)) - kept.length - after.length;
  blocks.splice(head.block, tail.block - head.block + 1, ...fresh);
  return {
    at: head.block,
    count: fresh.length,
    dropped,
    line: before + kept.length,
    lines: lines - kept.length - after.length,
    removed,
  };
}

function placeOf(
  blocks: readonly Block<unknown>[],
  { line, character }: Position,
  total: number,
): { block: number; index: number; offset: number } {
  const place = locate(blocks, line);
  const block = blocks[place.block]!;
  const end = endOf(block, place.index);
  if (line >= total) return { ...place, offset: end };
  return { ...place, offset: Math.min(end, block.starts[place.index]! + Math.max(0, character)) };
}
