import type { Hover, Position } from 'vscode-languageserver-protocol';
import { wholeText } from '../protocol/text.ts';
import { readSample } from '../data/detect.ts';
import type { Part, RowFormat, Sample } from '../data/formats/format.ts';
import { BRACKETS, type Counted, countRow, isCutAtEnd, renderedText } from '../data/rendered.ts';
import { BadRow, type FieldPath, type Row } from '../data/row.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import type { Dataset, DatasetRow } from './dataset.ts';
import { fieldAt, parseRow, pathText, spanOf } from './parse.ts';

/** Longer rows are not tokenised for a hover, in characters. */
const LONGEST = 1024 * 1024;

/** Shows the tokens of the row and of the field at a position, how many count in the loss, and the row as the model will see it. */
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
    if (error instanceof BadRow) return null; // a diagnostic says what is wrong
    throw error;
  }
  const path = fieldAt(row.text, shape, offsetIn(row, position));
  const range = dataset.rangeOf(row, spanOf(row.text, shape, path));
  const head = [`Row on line ${row.line + 1}, ${dataset.format.label}`];
  if (!tokenizer || row.text.length > LONGEST) {
    head.push(
      tokenizer
        ? 'the row is too long to count its tokens here'
        : 'tokens are not counted because no base model is chosen',
    );
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
  const inLoss = counts.subarray(1, cut).reduce((sum, count) => sum + count, 0);
  head.push(
    `${wholeText(ids.length)} tokens, ${wholeText(inLoss)} counted in the loss${cut < ids.length ? `, cut after ${wholeText(cut)}` : ''}`,
  );
  const field = fieldText(dataset.format, columns, path, sample, tokenizer, settings.lossOn);
  const rendered = renderedText(counted, cut, tokenizer);
  const how =
    sample.kind === 'chat' || (sample.kind === 'pair' && tokenizer.renderChat)
      ? 'as the chat template writes it'
      : 'as the model sees it';
  const legend = `The row ${how}. Text in ${BRACKETS[0]}brackets${BRACKETS[1]} counts in the loss:`;
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

function fieldText(
  format: RowFormat,
  row: Row,
  path: FieldPath,
  sample: Sample,
  tokenizer: Tokenizer,
  lossOn: 'answer' | 'all',
): string {
  let value: unknown = row;
  for (const step of path) value = (value as Record<string | number, unknown> | undefined)?.[step];
  if (typeof value !== 'string') return '';
  const tokens = tokenizer.encode(value, { addSpecialTokens: false }).length;
  const part =
    lossOn === 'all' || countsInLoss(format, row, path, sample) ? 'counted in the loss' : 'not counted in the loss';
  const name = pathText(path).replaceAll('`', '');
  return `\`${name.slice(0, 80)}\`: ${wholeText(tokens)} ${tokens === 1 ? 'token' : 'tokens'}, ${part}`;
}

/** True when the text of this field is (part of) what counts in the loss: an answer, or a text. */
function countsInLoss(format: RowFormat, row: Row, path: FieldPath, sample: Sample): boolean {
  const isAt = (part: Part): boolean => {
    const place = format.place(row, sample, part);
    return place.length > 0 && pathText(path.slice(0, place.length)) === pathText(place);
  };
  if (sample.kind === 'pair') return isAt('answer');
  if (sample.kind !== 'chat') return isAt('text');
  const from = sample.from ?? 0;
  return sample.messages.some(
    ({ role }, i) => i >= from && role === 'assistant' && isAt({ message: i, field: 'content' }),
  );
}

/** A code block whose content cannot close it. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${text}\n${fence}`;
}
