import type { CodeLens } from 'vscode-languageserver-protocol';
import { durationText } from '../protocol/text.ts';
import type { Dataset } from './dataset.ts';

/** A rough figure for when there is no tokenizer: how many characters of English text or code make a token. */
const CHARACTERS_PER_TOKEN = 4;

/** The figures of a dataset, as far as they are known. Tokens are those of one epoch. */
export interface Summary {
  rows: number;
  format?: string;
  /** Tokens of all rows that training uses, and how many of them count in the loss. */
  tokens: number;
  inLoss?: number;
  /** Rows whose tokens were counted. The other rows are estimated from them; 0: from characters alone. */
  counted: number;
  minutes?: number;
  problems: number;
  /** Rows that were not checked yet. */
  open: number;
}

export function summaryOf(dataset: Dataset, problems: number): Summary {
  const { rows, totals, settings, format } = dataset;
  const { sample } = totals;
  const size = totals.rows === 0 ? dataset.size : (totals.size / totals.rows) * rows;
  const scale = sample.size === 0 ? 0 : sample.rows === rows ? 1 : size / sample.size;
  const tokens = Math.round(scale === 0 ? size / CHARACTERS_PER_TOKEN : sample.kept * scale);
  const rate = settings.tokensPerSecond;
  return {
    rows,
    ...(format ? { format: format.label } : {}),
    tokens,
    ...(scale === 0 ? {} : { inLoss: Math.round(sample.inLoss * scale) }),
    counted: sample.rows,
    ...(rate > 0 ? { minutes: tokens / rate / 60 } : {}),
    problems,
    open: rows - totals.rows,
  };
}

/** The lenses above the first line: the command to fine-tune, and the figures of the dataset. */
export function lensesOf(dataset: Dataset, problems: number): CodeLens[] {
  const summary = summaryOf(dataset, problems);
  const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
  const lens = (title: string, command = '', args?: unknown[]): CodeLens => ({
    range,
    command: { title, command, ...(args ? { arguments: args } : {}) },
  });
  const number = (value: number): string => value.toLocaleString('en-US');
  const { rows, format, minutes, open } = summary;
  const lenses = [
    lens('Fine-tune with VeRA\u2026', 'veraStudio.fineTune', [dataset.uri]),
    lens(`${number(rows)} ${rows === 1 ? 'row' : 'rows'}${format === undefined ? '' : ` \u00b7 ${format}`}`),
    lens(tokensText(summary)),
  ];
  if (minutes !== undefined) lenses.push(lens(`about ${durationText(60 * minutes)} an epoch`));
  const checking = open > 0 ? `, ${Math.floor((100 * (rows - open)) / rows)} % checked` : '';
  const found = problems === 0 ? 'no problems' : `${number(problems)} ${problems === 1 ? 'problem' : 'problems'}`;
  lenses.push(lens(found + checking));
  return lenses;
}

function tokensText({ tokens, inLoss, counted, rows }: Summary): string {
  if (counted === 0) return `about ${compact(tokens)} tokens (guessed from characters)`;
  const whole = counted === rows;
  const shown = whole ? (value: number) => value.toLocaleString('en-US') : compact;
  const text = `${shown(tokens)} tokens, ${shown(inLoss ?? 0)} counted in the loss`;
  return whole ? text : `about ${text} (estimated from ${counted.toLocaleString('en-US')} rows)`;
}

const compact = (value: number): string =>
  value < 10_000
    ? value.toLocaleString('en-US')
    : new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 }).format(value);
