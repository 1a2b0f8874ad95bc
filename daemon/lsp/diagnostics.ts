import type { Diagnostic } from 'vscode-languageserver-protocol';
import { columnMapText, likelyColumns } from '../data/columns.ts';
import { unknownColumns } from '../data/detect.ts';
import { lineOf, locate } from './blocks.ts';
import type { Dataset } from './dataset.ts';
import { spanOf } from './parse.ts';
import { noisyLines } from './noisy.ts';
import { SEVERITIES, type Code, type FileProblem } from './problems.ts';
import { isClosed, MARK } from './rows.ts';
import { unusedIn } from './unused.ts';

/** What the server knows about a document besides its rows. */
export interface About {
  /** The bytes on disk: whether they start with a mark or are UTF-16, and which lines are not UTF-8. */
  disk: {
    mark: boolean;
    utf16: boolean;
    bad: readonly { line: number; message: string }[];
    /** The editor could not read all of the bytes. Saving its text would lose characters, so no edit may be offered. */
    lossy: boolean;
  };
  /** Why the tokenizer of the chosen base could not be loaded. */
  base?: string;
}

const SOURCE = 'vera';
/** Lines around the last edit whose problems are always sent. */
const NEAR = 200;
const MOST_NEAR = 1000;

/** The diagnostics of a document in order, at most `maxProblems`, and how many problems were found so far in all. */
export function diagnosticsOf(dataset: Dataset, about: About): { diagnostics: Diagnostic[]; count: number } {
  const { settings, totals } = dataset;
  const ofFile = fileProblems(dataset, about);
  const unknown = dataset.unknownRow();
  const count = ofFile.length + (unknown ? 1 : 0) + totals.problems + totals.repeats - about.disk.bad.length;
  const diagnostics = ofFile.slice(0, settings.maxProblems).map(fileDiagnostic);
  if (unknown) {
    const range = dataset.rangeOf(unknown, spanOf(unknown.text, dataset.shape, []));
    const likely = likelyColumns(unknown.columns);
    const value = likely ? columnMapText(likely) : 'prompt=question,completion=answer';
    const how = `${unknownColumns(unknown.columns)}. Columns keep their names if the setting veraStudio.dataset.columns says what they are, as in ${value}`;
    diagnostics.push(diagnostic('unknown-format', how, range));
  }
  const room = (): boolean => diagnostics.length < settings.maxProblems;
  const firsts = new Map<number, number>();
  // A line that is not UTF-8 on disk is reported once, and not again as the character that the editor shows for it.
  const bad = new Set(about.disk.bad.map((one) => one.line));
  let line = 0;
  let near = 0;
  for (let b = 0; b < dataset.blocks.length; b++) {
    const block = dataset.blocks[b]!;
    const close = line - NEAR < dataset.focus && line + block.marks.length + NEAR > dataset.focus;
    if (room() || totals.repeats > 0 || close) {
      for (const i of noisyLines(block, totals)) {
        const fact = block.facts[i]!;
        const many = totals.times(fact.key) > 1;
        const first = many ? firsts.get(fact.key) : undefined;
        if (many && first === undefined) firsts.set(fact.key, line + i);
        const nearby = Math.abs(line + i - dataset.focus) < NEAR && near < MOST_NEAR;
        if ((fact.problems.length === 0 && first === undefined) || !(room() || nearby)) continue;
        const row = dataset.rowFrom(b, i, line + i);
        const found = fact.problems
          .filter(({ code }) => code !== 'replacement-character' || !bad.has(line + i))
          .map(({ code, message, start, end, path }) =>
            diagnostic(code, message, dataset.rangeOf(row, { start, end }), path && { path }),
          );
        if (first !== undefined) found.push(repeated(dataset, row, first));
        if (!room()) near += found.length;
        diagnostics.push(...found);
      }
    }
    line += block.marks.length;
  }
  const left = count - diagnostics.length;
  if (left > 0 && diagnostics.length > 0) {
    const message = `${left.toLocaleString('en-US')} more problems in this file are not shown; fix these first`;
    const last = diagnostics.at(-1)!;
    diagnostics.push({ ...diagnostic(last.code as Code, message, last.range), severity: 3, code: 'more-problems' });
  }
  return { diagnostics, count };
}

function repeated(dataset: Dataset, row: ReturnType<Dataset['rowFrom']>, first: number): Diagnostic {
  const range = dataset.rangeOf(row, { start: 0, end: row.text.length });
  const { block, index } = locate(dataset.blocks, first);
  const original = dataset.rowFrom(block, index, first);
  const found = diagnostic(
    'duplicate-row',
    `the same row is on line ${first + 1}, so the model would learn from it twice`,
    range,
  );
  const where = { uri: dataset.uri, range: dataset.rangeOf(original, { start: 0, end: original.text.length }) };
  return { ...found, tags: [1], relatedInformation: [{ location: where, message: 'the first of the equal rows' }] };
}

function diagnostic(code: Code, message: string, range: Diagnostic['range'], data?: unknown): Diagnostic {
  return { range, severity: SEVERITIES[code], code, source: SOURCE, message, ...(data === undefined ? {} : { data }) };
}

const fileDiagnostic = ({ code, message, line, start, end }: FileProblem): Diagnostic =>
  diagnostic(code, message, { start: { line, character: start }, end: { line, character: end } });

function fileProblems(dataset: Dataset, { disk, base }: About): FileProblem[] {
  const found: FileProblem[] = [];
  const say = (code: Code, message: string, line = 0, start = 0, end = 0): number =>
    found.push({ code, message, line, start, end });
  const text = dataset.blocks[0]!.text;
  if (text.charCodeAt(0) === 0xfeff || disk.mark) {
    const end = text.charCodeAt(0) === 0xfeff ? 1 : 0;
    say(
      'byte-order-mark',
      'the file begins with a byte-order mark; training ignores it, but other programs may not',
      0,
      0,
      end,
    );
  }
  if (disk.utf16) say('not-utf8', 'the file is UTF-16; save it as UTF-8');
  for (const { line, message } of disk.bad) {
    const { block, index } = locate(dataset.blocks, line);
    const at = lineOf(dataset.blocks[block]!, index).indexOf('\uFFFD');
    say('not-utf8', message, line, Math.max(0, at), at < 0 ? 200 : at + 1);
  }
  found.push(...dataset.header.problems);
  if (dataset.columnsFault !== undefined)
    say('columns-setting', `the setting veraStudio.dataset.columns is wrong. ${dataset.columnsFault}`);
  if (dataset.rows === 0 && !disk.utf16) say('empty-file', 'the file has no rows');
  if (/\.json$/i.test(dataset.uri) && /^\uFEFF?\s*\[/.test(text.slice(0, 1000))) {
    say(
      'json-array',
      'the file is one JSON list. Training reads it, but rows are checked here only in a file with one object per line',
      0,
      0,
      1,
    );
  }
  if (!isClosed(dataset.blocks.at(-1)!.exit)) {
    const line = lastStart(dataset);
    say(
      'unclosed-quote',
      'a quote opens in this record and is never closed, so everything after it is part of one field',
      line,
      0,
      200,
    );
  }
  if (dataset.format?.messages && dataset.tokenizer && !dataset.tokenizer.renderChat) {
    say(
      'no-chat-template',
      'the base model has no chat template, so it cannot read conversations; choose an instruct model',
    );
  }
  found.push(...unusedIn(dataset));
  if (base !== undefined) say('base-model', `tokens are not counted: ${base}`);
  return found;
}

/** The line where the last record begins. */
function lastStart({ blocks, lines }: Dataset): number {
  let line = lines;
  for (let b = blocks.length - 1; b >= 0; b--) {
    const { marks } = blocks[b]!;
    for (let i = marks.length - 1; i >= 0; i--) {
      line--;
      if (marks[i] === MARK.row || marks[i] === MARK.header) return line;
    }
  }
  return 0;
}
