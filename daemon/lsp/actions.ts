import {
  CodeActionKind,
  type CodeAction,
  type CodeActionParams,
  type Diagnostic,
  type TextEdit,
} from 'vscode-languageserver-protocol';
import { ResponseError } from 'vscode-languageserver-protocol';
import { formatOf, rowFormats } from '../data/formats/registry.ts';
import { BadRow, type Row } from '../data/row.ts';
import { convertRow } from './convert.ts';
import type { Dataset, DatasetRow } from './dataset.ts';
import { removal, rewrite } from './edits.ts';
import { headerRenames } from './headerFix.ts';
import { isAccepted, mendRow, roleMeant } from './mend.ts';
import { parseRow, spanOf } from './parse.ts';
import type { Code, Problem } from './problems.ts';
import type { About } from './diagnostics.ts';
import { editAll, type Whole } from './wholeFile.ts';

export const ACTION_KINDS = [
  CodeActionKind.QuickFix,
  CodeActionKind.RefactorRewrite,
  CodeActionKind.Source,
  CodeActionKind.SourceFixAll,
];

/** How many rows of a selection get actions. */
const MOST_ROWS = 20;

const REMOVABLE = new Set<Code>([
  'invalid-json',
  'not-an-object',
  'too-deep',
  'too-long',
  'field-count',
  'missing-field',
  'wrong-type',
  'unknown-role',
  'empty-list',
  'template-refuses',
  'cannot-obey',
  'no-answer',
  'empty-answer',
  'empty-text',
  'cut',
  'nothing-learned',
  'replacement-character',
]);
const MENDABLE = new Set<Code>(['missing-field', 'wrong-type', 'unknown-role', 'mixed-format', 'unknown-format']);

const UNKNOWN: Problem = { code: 'unknown-format', message: '', start: 0, end: 0 };

/** The quick fixes for the problems in a range, and the conversions of its rows. */
export function actionsFor(dataset: Dataset, about: About, { range, context }: CodeActionParams): CodeAction[] {
  if (about.disk.lossy) return [];
  const actions: CodeAction[] = [];
  const { uri } = dataset;
  const given = context.diagnostics.filter(({ source }) => source === 'vera');
  const fix = (title: string, edits: TextEdit[], code: Code, line: number, preferred = false): void => {
    const diagnostics = given.filter((one) => one.code === code && one.range.start.line === line);
    actions.push({
      title,
      kind: CodeActionKind.QuickFix,
      diagnostics,
      edit: { changes: { [uri]: edits } },
      isPreferred: preferred,
    });
  };
  if (range.start.line === 0 && dataset.blocks[0]!.text.charCodeAt(0) === 0xfeff) {
    const start = { line: 0, character: 0 };
    fix(
      'Remove the byte-order mark',
      [{ range: { start, end: { line: 0, character: 1 } }, newText: '' }],
      'byte-order-mark',
      0,
      true,
    );
  }
  const unknown = dataset.unknownRow()?.line;
  let seen = 0;
  let whole: Whole['kind'] | undefined;
  for (let line = range.start.line; line <= range.end.line && seen < MOST_ROWS && line < dataset.lines;) {
    const row = dataset.rowAt(line);
    line = row ? row.line + row.lines : line + 1;
    if (!row) continue;
    seen++;
    dataset.check(row.block, row.index, row.line);
    const fact = dataset.blocks[row.block]!.facts[row.index]!;
    const problems = row.line === unknown ? [...fact.problems, UNKNOWN] : fact.problems;
    for (const { title, edits, code, preferred } of rowFixes(dataset, row, problems))
      fix(title, edits, code, row.line, preferred);
    // Fixes that rename columns would undo the setting that names them.
    if (!dataset.shape.map && problems.some(({ code }) => MENDABLE.has(code))) whole = 'mend';
    if (dataset.totals.times(fact.key) > 1 && given.some(({ code }) => code === 'duplicate-row')) {
      fix('Remove this row', [removal(dataset, row)], 'duplicate-row', row.line);
      whole ??= 'repeats';
    }
    actions.push(...conversions(dataset, row));
  }
  if (whole === 'mend') actions.push(wholeFile(dataset, 'mend', CodeActionKind.QuickFix, given));
  if (dataset.totals.repeats > 0 && whole === 'repeats')
    actions.push(wholeFile(dataset, 'repeats', CodeActionKind.QuickFix, given));
  if (given.some(({ code }) => code === 'json-array'))
    actions.push(wholeFile(dataset, 'lines', CodeActionKind.QuickFix, given));
  actions.push(...sourceActions(dataset, context.only));
  return only(actions, context.only);
}

const only = (actions: CodeAction[], kinds: readonly string[] | undefined): CodeAction[] =>
  kinds === undefined
    ? actions
    : actions.filter(({ kind }) => kinds.some((one) => kind === one || kind?.startsWith(`${one}.`)));

interface RowFix {
  title: string;
  edits: TextEdit[];
  code: Code;
  preferred: boolean;
}

function rowFixes(dataset: Dataset, row: DatasetRow, problems: readonly Problem[]): RowFix[] {
  const fixes: RowFix[] = [];
  const { shape, format } = dataset;
  const columns = columnsOf(dataset, row);
  const mendable = shape.map ? undefined : problems.find(({ code }) => MENDABLE.has(code));
  if (mendable && columns && shape.json) {
    const mended = mendRow(columns, format);
    if (mended)
      fixes.push({
        title: mended.title,
        edits: [rewrite(dataset, row, mended.row)],
        code: mendable.code,
        preferred: true,
      });
    if (mendable.code === 'unknown-role' && mendable.path) fixes.push(...roleFixes(dataset, row, mendable));
  }
  if (mendable && shape.delimiter !== '') {
    const renames = headerRenames(dataset);
    if (renames) fixes.push({ ...renames, code: mendable.code, preferred: true });
  }
  for (const code of new Set(problems.map((problem) => problem.code))) {
    if (REMOVABLE.has(code))
      fixes.push({ title: 'Remove this row', edits: [removal(dataset, row)], code, preferred: false });
  }
  return fixes;
}

/** Offers each common role in place of an unknown one. Where the name shows which role is meant, the fix before this one has it. */
function roleFixes(dataset: Dataset, row: DatasetRow, { path, code }: Problem): RowFix[] {
  const span = spanOf(row.text, dataset.shape, path!);
  const said: unknown = JSON.parse(row.text.slice(span.start, span.end));
  const meant = typeof said === 'string' ? roleMeant(said) : undefined;
  const known = dataset.format?.messages?.roles ?? [];
  return ['user', 'assistant', 'system']
    .filter((role) => role !== meant && known.includes(role))
    .map((role) => ({
      title: `Change the role to ${JSON.stringify(role)}`,
      edits: [{ range: dataset.rangeOf(row, span), newText: JSON.stringify(role) }],
      code,
      preferred: false,
    }));
}

function columnsOf(dataset: Dataset, row: DatasetRow): Row | undefined {
  try {
    return parseRow(row.text, dataset.shape);
  } catch (error) {
    if (error instanceof BadRow) return undefined;
    throw error;
  }
}

/** Conversions of this row to every other format that can say the same. */
function conversions(dataset: Dataset, row: DatasetRow): CodeAction[] {
  const columns = dataset.shape.json && !dataset.shape.map ? columnsOf(dataset, row) : undefined;
  const own = columns && formatOf(columns);
  if (!own || !isAccepted(columns, own)) return [];
  const sample = own.read(columns);
  return rowFormats.flatMap((target) => {
    const converted = target === own ? undefined : convertRow(columns, sample, target);
    if (!converted || !isAccepted(converted, target)) return [];
    const edit = { changes: { [dataset.uri]: [rewrite(dataset, row, converted)] } };
    const one = { title: `Convert this row to ${target.label}`, kind: CodeActionKind.RefactorRewrite, edit };
    const data: Whole = { uri: dataset.uri, version: dataset.version, kind: 'convert', target: target.name };
    return [one, { title: `Convert all rows to ${target.label}`, kind: CodeActionKind.RefactorRewrite, data }];
  });
}

const TITLES: Readonly<Record<Exclude<Whole['kind'], 'convert'>, string>> = {
  mend: 'Fix all rows: rename fields and roles, convert to one format',
  repeats: 'Remove all repeated rows',
  empty: 'Remove all rows that the model learns nothing from',
  lines: 'Write one row per line',
};

function wholeFile(
  dataset: Dataset,
  kind: keyof typeof TITLES,
  action: string,
  diagnostics?: Diagnostic[],
): CodeAction {
  const data: Whole = { uri: dataset.uri, version: dataset.version, kind };
  return { title: TITLES[kind], kind: action, data, ...(diagnostics ? { diagnostics } : {}) };
}

function sourceActions(dataset: Dataset, kinds: readonly string[] | undefined): CodeAction[] {
  // Offered only on request, or they would fill every menu.
  if (!kinds?.some((kind) => kind.startsWith(CodeActionKind.Source))) return [];
  const found = [
    wholeFile(dataset, 'repeats', CodeActionKind.Source),
    wholeFile(dataset, 'empty', CodeActionKind.Source),
  ];
  return dataset.shape.json && !dataset.shape.map
    ? [wholeFile(dataset, 'mend', CodeActionKind.SourceFixAll), ...found]
    : found;
}

/** Makes the edit of an action on the whole file. Throws ContentModified if the document has changed since the action was offered. */
export async function resolveAction(
  openOf: (uri: string) => { readonly dataset: Dataset; readonly about: About } | undefined,
  action: CodeAction,
  cancelled: () => boolean,
): Promise<CodeAction> {
  const whole = action.data as Whole | undefined;
  if (action.edit || whole === undefined) return action;
  const { dataset, about } = openOf(whole.uri) ?? {};
  if (about?.disk.lossy) throw new ResponseError(-32803, 'the file is not UTF-8, so an edit would lose characters');
  if (!dataset || dataset.version !== whole.version) throw new ResponseError(-32801, 'the document has changed');
  const edits = await editAll(dataset, whole, cancelled);
  return { ...action, edit: { changes: { [whole.uri]: edits } } };
}
