import { type CheckedRows, openDataset, openRows, type RowOptions } from './dataset.ts';
import { readSample } from './detect.ts';
import { countRow, isCutAtEnd, renderedText } from './rendered.ts';
import { wholeText } from '../protocol/text.ts';
import { BadRow, LeftOut } from './row.ts';
import type { DataSettings } from './settings.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface PreviewOptions extends Omit<RowOptions, 'onBadRow'>, Pick<DataSettings, 'lossOn'> {
  tokenizer: Tokenizer;
  /** Input tokens in a row of a batch. */
  length: number;
  /** Training rows to show. One held-out row comes after them. */
  rows: number;
}

export interface Preview {
  format: string;
  /** As that of the dataset: counts and notes. */
  description: string;
  rows: PreviewRow[];
}

interface PreviewRow {
  /** 'chats.jsonl, line 3'. */
  place: string;
  heldOut: boolean;
  /** How many tokens it has and how many count in the loss, or why the row is not used. */
  facts: string;
  /** As the model reads it, in brackets what counts in the loss; null for a row that is not used. */
  text: string | null;
}

/** The first rows of a dataset, also those that training does not use, and the first held-out one. Throws VeraError 'data'. */
export async function previewOf(path: string, options: PreviewOptions): Promise<Preview> {
  const how = { ...options, onBadRow: 'skip', fimRate: 0 } as const;
  const dataset = await openDataset(path, how);
  dataset.survey();
  const { format, description } = dataset;
  dataset.close();
  const checked = await openRows(path, how);
  try {
    const heldOut = new Set(checked.heldOut);
    const chosen: number[] = [];
    for (let i = 0; i < checked.reader.count && chosen.length < options.rows; i++) if (!heldOut.has(i)) chosen.push(i);
    chosen.push(...checked.heldOut.slice(0, 1));
    const rows = chosen.map((i) => ({ ...shown(checked, i, options), heldOut: heldOut.has(i) }));
    return { format, description, rows };
  } finally {
    checked.reader.close();
  }
}

function shown({ reader, format }: CheckedRows, i: number, options: PreviewOptions): Omit<PreviewRow, 'heldOut'> {
  const { tokenizer, lossOn, length } = options;
  const { file, line } = reader.source(i);
  const place = line === undefined ? file : `${file}, line ${line}`;
  try {
    const sample = readSample(format, reader.read(i));
    const counted = countRow(sample, tokenizer, lossOn);
    const { ids, counts } = counted;
    const cut = isCutAtEnd(sample) ? Math.min(length, ids.length) : ids.length;
    const inLoss = counts.subarray(1, cut).reduce((sum, one) => sum + one, 0);
    const end = cut < ids.length ? `, cut off after ${wholeText(cut)}` : '';
    const none = inLoss === 0 ? '; dropped because none of its tokens counts in the loss' : '';
    const facts = `${wholeText(ids.length)} tokens, ${wholeText(inLoss)} counted in the loss${end}${none}`;
    return { place, facts, text: renderedText(counted, cut, tokenizer) };
  } catch (error) {
    if (!(error instanceof BadRow)) throw error;
    const facts = error instanceof LeftOut ? `left out because ${error.reason}` : `cannot be read: ${error.message}`;
    return { place, facts, text: null };
  }
}
