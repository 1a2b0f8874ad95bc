import type { CodeLens } from 'vscode-languageserver-protocol';
import type { Dataset } from './dataset.ts';

/** Rough, where no tokenizer is there to count: characters of English text or code to a token. */
const CHARACTERS_PER_TOKEN = 4;

/** Figures of a dataset, as far as they are known; tokens are those of one epoch. */
export interface Summary {
  rows: number;
  format?: string;
  /** Tokens that training takes of all rows, and those of them that are learned. */
  tokens: number;
  learned?: number;
  /** Rows whose tokens were counted; the rest is estimated from them. 0: from characters alone. */
  counted: number;
  minutes?: number;
  problems: number;
  /** Rows that were not looked at yet. */
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
    ...(format ? { format: format.name } : {}),
    tokens,
    ...(scale === 0 ? {} : { learned: Math.round(sample.learned * scale) }),
    counted: sample.rows,
    ...(rate > 0 ? { minutes: tokens / rate / 60 } : {}),
    problems,
    open: rows - totals.rows,
  };
}

/** The lenses of the first line: the command, and what there is to know before. */
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
  if (minutes !== undefined) lenses.push(lens(`about ${durationText(minutes)} an epoch`));
  const checking = open > 0 ? `, ${Math.floor((100 * (rows - open)) / rows)} % checked` : '';
  const found = problems === 0 ? 'no problems' : `${number(problems)} ${problems === 1 ? 'problem' : 'problems'}`;
  lenses.push(lens(found + checking));
  return lenses;
}

function tokensText({ tokens, learned, counted, rows }: Summary): string {
  if (counted === 0) return `about ${compact(tokens)} tokens (guessed from characters)`;
  const whole = counted === rows;
  const shown = whole ? (value: number) => value.toLocaleString('en-US') : compact;
  const text = `${shown(tokens)} tokens, ${shown(learned ?? 0)} learned`;
  return whole ? text : `about ${text} (estimated from ${counted.toLocaleString('en-US')} rows)`;
}

const compact = (value: number): string =>
  value < 10_000
    ? value.toLocaleString('en-US')
    : new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 }).format(value);

function durationText(minutes: number): string {
  if (minutes < 1.5) return `${Math.max(1, Math.round(60 * minutes))} s`;
  if (minutes < 90) return `${Math.round(minutes)} min`;
  return `${(minutes / 60).toFixed(1)} h`;
}
