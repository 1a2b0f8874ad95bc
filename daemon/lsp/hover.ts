import type { Hover, Position } from 'vscode-languageserver-protocol';
import { readSample } from '../data/detect.ts';
import type { Sample } from '../data/formats/format.ts';
import { BadRow, type FieldPath, type Row } from '../data/row.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import type { Dataset, DatasetRow } from './dataset.ts';
import { messagePath } from './lint.ts';
import { fieldAt, parseRow, pathText, spanOf } from './parse.ts';
import { countRow, isCutAtEnd, type Counted } from './tokens.ts';

/** Characters of the rendered row that are shown; the middle is left out of longer ones. */
const SHOWN = 3000;
/** Longer rows are not tokenised for a hover. */
const LONGEST = 1024 * 1024;
/** Around what is learned, as the hover shows it. */
const [OPEN, CLOSE] = ['\u27e6', '\u27e7'];

/** Tokens of the row and field at a position, what of it is learned, and how the model will see the row. */
export function hoverAt(dataset: Dataset, position: Position, markdown: boolean): Hover | null {
  const row = dataset.rowAt(position.line);
  if (!row || !dataset.format) return null;
  const { shape, tokenizer, settings } = dataset;
  let columns: Row;
  let sample: Sample;
  try {
    columns = parseRow(row.text, shape);
    sample = readSample(dataset.format, columns);
  } catch (error) {
    if (error instanceof BadRow) return null; // the diagnostic says it
    throw error;
  }
  const path = fieldAt(row.text, shape, offsetIn(row, position));
  const range = dataset.rangeOf(row, spanOf(row.text, shape, path));
  const head = [`Row on line ${row.line + 1}, ${dataset.format.name}`];
  if (!tokenizer || row.text.length > LONGEST) {
    head.push(tokenizer ? 'too long to be counted here' : 'no base model chosen, so tokens are not counted');
    return { contents: { kind: 'plaintext', value: head.join(': ') }, range };
  }
  let counted: Counted;
  try {
    counted = countRow(sample, tokenizer, settings.lossOn);
  } catch (error) {
    if (error instanceof BadRow) return { contents: { kind: 'plaintext', value: error.message }, range };
    throw error;
  }
  const { ids, counts } = counted;
  const cut = isCutAtEnd(sample) && ids.length > settings.length ? settings.length : ids.length;
  const learned = counts.subarray(1, cut).reduce((sum, count) => sum + count, 0);
  head.push(
    `${number(ids.length)} tokens, ${number(learned)} learned${cut < ids.length ? `, cut after ${number(cut)}` : ''}`,
  );
  const field = fieldText(columns, path, sample, tokenizer, settings.lossOn);
  const rendered = renderedText(counted, cut, tokenizer);
  const how =
    sample.kind === 'chat' || (sample.kind === 'pair' && tokenizer.renderChat)
      ? 'by the chat template'
      : 'for the model';
  const legend = `Written ${how}; ${OPEN}what is learned${CLOSE} stands in brackets, the rest is masked:`;
  const value = markdown
    ? [`**${head.join('** \u00b7 ')}`, ...(field === '' ? [] : [field]), legend, fenced(rendered)].join('\n\n')
    : [head.join(': '), ...(field === '' ? [] : [field.replaceAll('`', '')]), legend, rendered].join('\n');
  return { contents: { kind: markdown ? 'markdown' : 'plaintext', value }, range };
}

function offsetIn(row: DatasetRow, { line, character }: Position): number {
  let offset = line === row.line ? -row.lead : 0;
  for (let at = row.line, from = 0; at < line; at++) {
    const found = /\r\n?|\n/g;
    found.lastIndex = from;
    if (!found.exec(row.text)) break;
    from = found.lastIndex;
    offset = from;
  }
  return Math.max(0, offset + character);
}

function fieldText(row: Row, path: FieldPath, sample: Sample, tokenizer: Tokenizer, lossOn: 'answer' | 'all'): string {
  let value: unknown = row;
  for (const step of path) value = (value as Record<string | number, unknown> | undefined)?.[step];
  if (typeof value !== 'string') return '';
  const tokens = tokenizer.encode(value, { addSpecialTokens: false }).length;
  const part = lossOn === 'all' || isLearned(row, path, sample) ? 'learned' : 'masked';
  const name = pathText(path).replaceAll('`', '');
  return `\`${name.slice(0, 80)}\`: ${number(tokens)} ${tokens === 1 ? 'token' : 'tokens'}, ${part}`;
}

/** True when the text of this field is (part of) an answer. */
function isLearned(row: Row, path: FieldPath, sample: Sample): boolean {
  switch (sample.kind) {
    case 'chat': {
      const last = path.at(-1);
      if (last !== 'content' && last !== 'value') return false;
      const from = sample.from ?? 0;
      const of = (i: number): string => pathText(messagePath(row, sample, i));
      const at = pathText(path.slice(0, 2));
      return sample.messages.some(({ role }, i) => i >= from && role === 'assistant' && of(i) === at);
    }
    case 'pair':
      return ['completion', 'output', 'response'].includes(String(path[0]));
    case 'text':
      return path[0] === 'text';
    case 'code':
      return path[0] === 'content';
  }
}

/** The row as the model sees it, learned runs in brackets, and where it is cut. */
function renderedText({ ids, counts }: Counted, cut: number, tokenizer: Tokenizer): string {
  let out = '';
  for (let i = 0; i < ids.length;) {
    let end = i + 1;
    while (end < ids.length && counts[end] === counts[i] && end !== cut) end++;
    const text = tokenizer.decode([...ids.subarray(i, end)]);
    out += (i === cut ? '\n--- cut here ---\n' : '') + (counts[i] === 1 ? `${OPEN}${text}${CLOSE}` : text);
    i = end;
  }
  if (out.length <= SHOWN) return out;
  const left = out.length - SHOWN;
  return `${out.slice(0, SHOWN / 2)}\n... ${number(left)} characters ...\n${out.slice(-SHOWN / 2)}`;
}

/** A code block that its content cannot end. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${text}\n${fence}`;
}

const number = (value: number): string => value.toLocaleString('en-US');
