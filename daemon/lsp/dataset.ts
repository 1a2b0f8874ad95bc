/** The dataset in an open document. Long because an edit changes blocks, rows and their problems together. */
import { hash } from 'node:crypto';
import type { Position, Range, TextDocumentContentChangeEvent } from 'vscode-languageserver-protocol';
import { columnMapOf } from '../data/columns.ts';
import { formatOfMapped, readSample } from '../data/detect.ts';
import type { RowFormat } from '../data/formats/format.ts';
import { formatOf, rowFormatNamed } from '../data/formats/registry.ts';
import { dialectOf } from '../data/readers/dialect.ts';
import { BadRow, type Row } from '../data/row.ts';
import { VeraError } from '../protocol/errors.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import { blocksOf, endOf, lineCount, locate, splice, type Block } from './blocks.ts';
import { checkRow } from './check.ts';
import { readHeader, type Header } from './header.ts';
import { parseRow, type Shape } from './parse.ts';
import type { Problem } from './problems.ts';
import { firstState, hasParagraphs, layOut, MARK } from './rows.ts';
import type { Settings } from './settings.ts';
import { tokensOf } from './tokens.ts';
import { emptyTotals, type Fact, type Totals } from './totals.ts';

/** A row of the open document. */
export interface DatasetRow {
  text: string;
  /** The first line (0-based), and how many characters of it come before the text (a byte-order mark). */
  line: number;
  lead: number;
  /** The number of its lines. */
  lines: number;
}

/** Rows that are read to detect the format, as in training. */
const LOOKED_AT = 100;
/** Rows that are checked at once when they are typed or pasted. More rows wait for the scan. */
const AT_ONCE = 50;
/** Characters whose tokens are counted. Of a larger file, about as many are sampled. */
const SAMPLED = 1_000_000;
/** Characters from which the delimiter is detected, as in training. */
const HEAD = 64 * 1024;
const NOTHING: readonly Problem[] = [];

/** The dataset in an open document: its rows, and what is known about each. */
export class Dataset {
  readonly uri: string;
  readonly shape: Shape;
  /** The delimiter that the ending of the file means. */
  private readonly usual: string;
  blocks: Block<Fact>[];
  version: number;
  /** Characters. */
  size: number;
  settings: Settings;
  tokenizer: Tokenizer | undefined;
  format: RowFormat | undefined;
  private columnsText: string | undefined;
  /** What is wrong with the setting that says which column is what. */
  columnsFault: string | undefined;
  header: Header = { columns: [], problems: [] };
  totals: Totals = emptyTotals();
  /** The last edited line. Problems near it are always sent. */
  focus = -Infinity;
  /** The first block that each pass of the scan has not reached (scan.ts). */
  cursors = [0, 0, 0];

  constructor(uri: string, kind: Shape, text: string, version: number, settings: Settings, tokenizer?: Tokenizer) {
    this.uri = uri;
    this.shape = kind;
    this.usual = kind.delimiter;
    this.version = version;
    this.settings = settings;
    this.tokenizer = tokenizer;
    this.blocks = blocksOf(text);
    this.size = text.length;
    this.layOutFrom(0, this.blocks.length);
    this.detect();
  }

  get rows(): number {
    return this.blocks.reduce((sum, { rows }) => sum + rows, 0);
  }

  get lines(): number {
    return lineCount(this.blocks);
  }

  /** Applies edits in order. Returns the lines that moved, so that callers can update line numbers they keep. */
  change(
    changes: readonly TextDocumentContentChangeEvent[],
    version: number,
  ): { line: number; removed: number; lines: number }[] {
    this.version = version;
    return changes.map((change) => {
      const end = { line: Number.MAX_SAFE_INTEGER, character: 0 };
      const range = 'range' in change ? change.range : { start: { line: 0, character: 0 }, end };
      return this.edit(range, change.text);
    });
  }

  private edit(range: Range, text: string): { line: number; removed: number; lines: number } {
    const first = Math.min(range.start.line, range.end.line);
    // The row above may continue in the changed lines, as a quoted field or a paragraph does.
    this.forgetRowAt(first);
    if (first > 0) this.forgetRowAt(first - 1);
    const { at, count, dropped, line, lines, removed } = splice(this.blocks, range.start, range.end, text);
    for (const fact of dropped) this.totals.drop(fact);
    this.cursors = this.cursors.map((cursor) => Math.min(cursor, Math.max(0, at - 1)));
    this.focus = line;
    this.size = sizeOf(this.blocks);
    this.layOutFrom(at, at + count);
    if (line < 10 * LOOKED_AT) this.detect();
    this.checkLines(line, line + lines);
    return { line, removed, lines };
  }

  /** Lays out the blocks from `from` to `to`, and further until a block's layout has not changed. */
  private layOutFrom(from: number, to: number): void {
    if (this.shape.layout === 'lines' || this.shape.layout === 'paragraphs') this.chooseTextLayout();
    if (this.usual !== '') this.chooseDialect();
    let state = from === 0 ? firstState(this.shape.layout, this.shape.skip) : this.blocks[from - 1]!.exit;
    for (let i = from; i < this.blocks.length; i++) {
      const block = this.blocks[i]!;
      if (i >= to && block.entry === state) break;
      if (i >= to && block.entry >= 0) this.forgetBlock(block);
      layOut(block, this.shape, state);
      // A line that no longer begins a row loses its facts.
      block.facts.forEach((fact, line) => {
        if (fact === undefined || block.marks[line] === MARK.row) return;
        this.totals.drop(fact);
        block.facts[line] = undefined;
        block.noisy = undefined;
      });
      if (i < this.cursors[0]!) this.cursors = this.cursors.map((cursor) => Math.min(cursor, i));
      state = block.exit;
    }
  }

  /** Plain text has one row per paragraph, or per line if the file has no blank line between two others. */
  private chooseTextLayout(): void {
    if (this.shape.json || this.shape.delimiter !== '') return;
    const layout = hasParagraphs(this.blocks) ? 'paragraphs' : 'lines';
    if (layout === this.shape.layout) return;
    this.shape.layout = layout;
    this.layOutAgain();
  }

  /** Fields are separated by what the first records show, as in training. */
  private chooseDialect(): void {
    let head = '';
    let b = 0;
    for (; b < this.blocks.length && head.length < HEAD; b++) head += this.blocks[b]!.text.slice(0, HEAD);
    const cut = b < this.blocks.length || head.length > HEAD;
    const { delimiter, skip } = dialectOf(head.replace(/^\uFEFF/, '').slice(0, HEAD), this.usual, cut);
    if (delimiter === this.shape.delimiter && skip.lines === this.shape.skip) return;
    this.shape.delimiter = delimiter;
    this.shape.skip = skip.lines;
    this.layOutAgain();
  }

  private layOutAgain(): void {
    this.forgetAll();
    for (const block of this.blocks) block.entry = -1;
    let state = firstState(this.shape.layout, this.shape.skip);
    for (const block of this.blocks) {
      layOut(block, this.shape, state);
      state = block.exit;
    }
  }

  /** True for the rows of the sample. They are chosen by content, so that edits elsewhere change nothing. */
  inSample({ key }: Fact): boolean {
    return key < (SAMPLED / Math.max(1, this.size)) * 2 ** 48;
  }

  /** Detects header and format again. If one of them changed, all rows are checked again. */
  detect(): void {
    const columns = this.shape.columns.join('\0');
    const mapped = this.shape.map;
    this.chooseColumns();
    if (this.shape.delimiter !== '') {
      this.header = readHeader(this);
      this.shape.columns = this.header.columns;
    }
    const found = this.detectFormat();
    if (found === this.format && this.shape.map === mapped && this.shape.columns.join('\0') === columns) return;
    this.format = found;
    this.forgetAll();
  }

  /** Takes the setting that says which column is what. A wrong one is reported, and the columns are read under their own names. */
  private chooseColumns(): void {
    if (this.settings.columns === this.columnsText) return;
    this.columnsText = this.settings.columns;
    this.shape.map = undefined;
    this.columnsFault = undefined;
    try {
      this.shape.map = columnMapOf(this.settings.columns);
    } catch (error) {
      if (!(error instanceof VeraError)) throw error;
      this.columnsFault = error.message;
    }
  }

  private detectFormat(): RowFormat | undefined {
    const asked = rowFormatNamed(this.settings.format);
    if (asked) return asked;
    const targets = [...(this.shape.map?.keys() ?? [])];
    let looked = 0;
    for (const row of this.eachRow()) {
      if (looked++ >= LOOKED_AT) break;
      try {
        const columns = parseRow(row.text, this.shape);
        const found = formatOfMapped(columns, targets) ?? formatOf(columns);
        if (found) return found;
      } catch (error) {
        if (!(error instanceof BadRow)) throw error;
      }
    }
    return undefined;
  }

  /** All rows, from the beginning. */
  *eachRow(): Generator<DatasetRow & { block: number; index: number }> {
    let line = 0;
    for (let block = 0; block < this.blocks.length; block++) {
      const { marks } = this.blocks[block]!;
      for (let index = 0; index < marks.length; index++) {
        if (marks[index] === MARK.row) yield { ...this.rowFrom(block, index, line + index), block, index };
      }
      line += marks.length;
    }
  }

  /** The row that begins at a line of a block. `line` is that line's number in the document. */
  rowFrom(block: number, index: number, line: number): DatasetRow {
    const first = this.blocks[block]!;
    const lead = line === 0 && first.text.charCodeAt(0) === 0xfeff ? 1 : 0;
    let text = '';
    let lines = 0;
    let from = first.starts[index]! + lead;
    for (let b = block, i = index; ;) {
      const here = this.blocks[b]!;
      let last = i;
      lines++;
      while (last + 1 < here.marks.length && here.marks[last + 1] === MARK.more) {
        last++;
        lines++;
      }
      const next = this.blocks[b + 1];
      const goesOn = last + 1 === here.marks.length && next?.marks[0] === MARK.more;
      text += here.text.slice(from, goesOn ? here.text.length : endOf(here, last));
      if (!goesOn) return { text, line, lead, lines };
      [b, i, from] = [b + 1, 0, 0];
    }
  }

  /** The row that a line belongs to. */
  rowAt(line: number): (DatasetRow & { block: number; index: number }) | undefined {
    if (line < 0 || line >= this.lines) return undefined;
    let { block, index } = locate(this.blocks, line);
    let start = line;
    while (this.blocks[block]!.marks[index] === MARK.more) {
      start--;
      if (index > 0) index--;
      else if (block > 0) {
        block--;
        index = this.blocks[block]!.marks.length - 1;
      } else return undefined;
    }
    if (this.blocks[block]!.marks[index] !== MARK.row) return undefined;
    return { ...this.rowFrom(block, index, start), block, index };
  }

  /** Where an offset of a row's text stands in the document. */
  positionOf(row: DatasetRow, offset: number): Position {
    if (row.lines === 1) return { line: row.line, character: offset + row.lead };
    const before = row.text.slice(0, offset).split(/\r\n?|\n/);
    const character = before.at(-1)!.length + (before.length === 1 ? row.lead : 0);
    return { line: row.line + before.length - 1, character };
  }

  rangeOf(row: DatasetRow, { start, end }: { start: number; end: number }): Range {
    return { start: this.positionOf(row, start), end: this.positionOf(row, Math.min(end, row.text.length)) };
  }

  /** Checks the row that begins at a line of a block, unless that was done before. */
  check(block: number, index: number, line: number): void {
    const here = this.blocks[block]!;
    if (here.facts[index] !== undefined) return;
    const { text } = this.rowFrom(block, index, line);
    const { problems } = checkRow(text, this.shape, this.format);
    if (this.shape.json && endsInReturn(here, index)) problems.push(carriageReturn(text.length));
    const fact: Fact = {
      key: hash('sha256', text.trim(), 'buffer').readUIntBE(0, 6),
      size: text.length,
      problems: problems.length === 0 ? NOTHING : problems,
      tokens: -1,
      kept: 0,
      inLoss: 0,
      sampled: false,
    };
    here.facts[index] = fact;
    here.noisy = undefined;
    here.open--;
    this.totals.add(fact);
  }

  /** Counts the tokens of a row that was checked. */
  count(block: number, index: number, line: number): void {
    const fact = this.blocks[block]!.facts[index];
    if (!fact || !this.tokenizer || !this.format || fact.tokens >= 0) return;
    const { text } = this.rowFrom(block, index, line);
    let found: { tokens: number; kept: number; inLoss: number; problems: readonly Problem[] };
    try {
      const sample = readSample(this.format, parseRow(text, this.shape));
      found = tokensOf(text, this.shape, sample, this.tokenizer, this.settings);
    } catch (error) {
      if (!(error instanceof BadRow)) throw error;
      found = { tokens: 0, kept: 0, inLoss: 0, problems: NOTHING };
    }
    const { tokens, kept, inLoss } = found;
    const silent = fact.problems.some(({ code }) => code === 'no-answer' || code === 'empty-text');
    const added = silent ? found.problems.filter(({ code }) => code !== 'nothing-learned') : found.problems;
    const problems = added.length === 0 ? fact.problems : [...fact.problems, ...added];
    const counted = { ...fact, tokens, kept, inLoss, problems, sampled: this.inSample(fact) };
    this.blocks[block]!.facts[index] = counted;
    if (added.length > 0) this.blocks[block]!.noisy = undefined;
    this.totals.replace(fact, counted);
  }

  /** The first row that can be read, if no format matches the file. */
  unknownRow(): (DatasetRow & { columns: Row }) | undefined {
    if (this.format) return undefined;
    let looked = 0;
    for (const row of this.eachRow()) {
      if (looked++ >= LOOKED_AT) break;
      try {
        return { ...row, columns: parseRow(row.text, this.shape) };
      } catch (error) {
        if (!(error instanceof BadRow)) throw error;
      }
    }
    return undefined;
  }

  private checkLines(from: number, to: number): void {
    for (
      let line = Math.max(0, from - 1), checked = 0;
      line < Math.min(to + 1, this.lines) && checked < AT_ONCE;
      checked++
    ) {
      const row = this.rowAt(line);
      if (row) {
        this.check(row.block, row.index, row.line);
        if (row.text.length < 65_536) this.count(row.block, row.index, row.line);
      }
      line = row ? row.line + row.lines : line + 1;
    }
  }

  private forgetRowAt(line: number): void {
    const row = this.rowAt(line);
    if (!row) return;
    const block = this.blocks[row.block]!;
    const fact = block.facts[row.index];
    if (fact === undefined) return;
    this.totals.drop(fact);
    block.facts[row.index] = undefined;
    block.noisy = undefined;
    block.open++;
    this.cursors = this.cursors.map((cursor) => Math.min(cursor, row.block));
  }

  private forgetBlock(block: Block<Fact>): void {
    for (const fact of block.facts) if (fact) this.totals.drop(fact);
    block.facts.fill(undefined);
    block.noisy = undefined;
  }

  /** Forgets everything that was found out about the rows. */
  forgetAll(): void {
    for (const block of this.blocks) {
      block.facts.fill(undefined);
      block.noisy = undefined;
      block.open = block.rows;
    }
    this.totals = emptyTotals();
    this.cursors = [0, 0, 0];
  }
}

const sizeOf = (blocks: readonly Block<unknown>[]): number => blocks.reduce((sum, { text }) => sum + text.length, 0);

/** A carriage return alone ends a line in an editor, but not a row in training. */
function endsInReturn({ text, starts }: Block<unknown>, index: number): boolean {
  const next = starts[index + 1];
  return next !== undefined && text.charCodeAt(next - 1) === 0x0d;
}

const carriageReturn = (length: number): Problem => ({
  code: 'carriage-return',
  message: 'this line ends with a carriage return alone, so training reads the next line as part of the same row',
  start: Math.max(0, length - 1),
  end: length,
});
