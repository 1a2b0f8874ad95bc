import { basename } from 'node:path';
import { type CheckedRows, openRows, type RowOptions } from '../data/dataset.ts';
import { isHeldOut } from '../data/split.ts';
import { VeraError } from '../protocol/errors.ts';
import { quote } from '../formats/quote.ts';
import type { TrainedOn } from '../train/trainedOn.ts';
import type { CodeFile } from './cases.ts';

/** What an adapter was trained on, as far as it says so. */
export interface Learned {
  readonly name: string;
  readonly trainedOn: TrainedOn | undefined;
}

export interface HeldOutCode {
  readonly files: readonly CodeFile[];
  /** Files that were left out, because an adapter may have been trained on them. */
  readonly leftOut: number;
  /** Whether an adapter was trained on this line of code, as far as the files that it was trained on are still there. */
  readonly isKnown: (line: string) => boolean;
  /** In sentences. */
  readonly notes: readonly string[];
}

/** A file with so many of its lines in files that an adapter was trained on is a copy of one of them. */
const COPY = 0.5;
/** Shorter lines, such as a closing bracket, stand in every file. */
const LEAST_LINE = 12;

/**
 * The code of a folder, or of the rows of a dataset, that none of these adapters was trained on. A run holds out rows by the hash of
 * their content. If its dataset is as it was, the rows it trained on are known, and so are copies of them. If it has changed, only
 * contents are taken that such a run holds out. Throws the errors of reading a dataset, and VeraError 'data' if nothing is left.
 */
export async function heldOutCode(
  data: string,
  options: Omit<RowOptions, 'heldOut'>,
  learned: readonly Learned[],
): Promise<HeldOutCode> {
  const rules = await Promise.all(learned.map(ruleOf));
  const lines = new Set(rules.flatMap((rule) => [...rule.lines]));
  const rows = await openRows(data, { ...options, heldOut: 1 });
  try {
    const files: CodeFile[] = [];
    let leftOut = 0;
    for (let i = 0; i < rows.reader.count; i++) {
      const file = codeOf(rows, i);
      if (file === undefined) continue;
      const key = rows.reader.key(i);
      if (rules.every(({ allows }) => allows(key)) && shareOf(file.text, lines) < COPY) files.push(file);
      else leftOut++;
    }
    if (files.length === 0) throw nothingLeft(data, rows.format.label, leftOut);
    return {
      files,
      leftOut,
      isKnown: (line) => lines.has(line.trim()),
      notes: rules.flatMap(({ note }) => note ?? []),
    };
  } finally {
    rows.reader.close();
  }
}

function codeOf({ reader, sample }: CheckedRows, i: number): CodeFile | undefined {
  const read = sample(i);
  if (read?.kind !== 'code' && read?.kind !== 'text') return undefined;
  const { file, line } = reader.source(i);
  const name = read.kind === 'code' && read.path !== undefined ? read.path : basename(file);
  return { name: line === undefined ? name : `${name}, line ${line}`, text: read.text.replaceAll('\r\n', '\n') };
}

function nothingLeft(data: string, format: string, leftOut: number): VeraError {
  const why =
    leftOut > 0
      ? `an adapter was trained on each of its ${leftOut} files; give a folder of other code, or train with a larger Held-out share`
      : `it has rows of the format ${format}; give a folder of code, or a dataset whose rows are code or text`;
  return new VeraError('data', `${quote(data)} has no code to measure completions on: ${why}`);
}

/** What one adapter rules out. */
interface Rule {
  readonly allows: (key: number) => boolean;
  readonly lines: ReadonlySet<string>;
  readonly note?: string;
}

async function ruleOf({ name, trainedOn }: Learned): Promise<Rule> {
  const nobody = { lines: new Set<string>() };
  if (trainedOn === undefined) {
    const note = `${name} does not say what it was trained on: if these files were among it, its figures are too good.`;
    return { ...nobody, allows: () => true, note };
  }
  const { data, dataset, heldOut } = trainedOn;
  const rows = await openRows(data, trainedOn).catch(() => undefined);
  try {
    if (rows?.reader.hash !== dataset) {
      const what = rows === undefined ? 'cannot be read any more' : 'has changed since';
      const note = `The data of ${name} ${what}, so only files are used whose content its run would have held out. An older version of such a file may have been trained on.`;
      return { ...nobody, allows: (key) => isHeldOut(key, heldOut), note };
    }
    const keys = new Set<number>();
    const lines = new Set<string>();
    for (const i of rows.train) {
      keys.add(rows.reader.key(i));
      for (const line of linesOf(codeOf(rows, i)?.text ?? '')) lines.add(line);
    }
    return { allows: (key) => !keys.has(key), lines };
  } finally {
    rows?.reader.close();
  }
}

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(({ length }) => length >= LEAST_LINE);

function shareOf(text: string, known: ReadonlySet<string>): number {
  const lines = linesOf(text);
  return lines.length === 0 ? 0 : lines.filter((line) => known.has(line)).length / lines.length;
}
