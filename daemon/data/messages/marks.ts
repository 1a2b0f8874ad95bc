import { BadRow, type FieldPath } from '../row.ts';

/**
 * Fields that say whether a turn or a row is learned; true or 1: it is. `weight`: OpenAI, Mistral, Together, Fireworks; `training`,
 * `train`: axolotl; `loss`, `loss_scale`: ms-swift and XTuner; `loss_weight`: LLaMA-Factory; `step_loss_mask`: slime.
 */
const LEARNED = [
  'weight',
  'loss_weight',
  'loss_scale',
  'loss',
  'loss_mask',
  'step_loss_mask',
  'train',
  'training',
  'trainable',
  'is_trainable',
  'train_on_turn',
  'train_on',
  'learn',
  'learnable',
  'compute_loss',
  'calculate_loss',
  'output_with_loss',
  'with_loss',
  'supervised',
  'include_in_loss',
];
/** Fields that say the opposite: true or 1 means that the turn or the row is not learned. */
const NOT_LEARNED = ['mask', 'masked', 'mask_loss', 'ignore', 'ignore_loss', 'no_loss', 'skip', 'exclude', 'excluded'];
/** Fields that name parts of a turn. */
const PARTS = ['train_detail', 'training_detail', 'trainable_spans', 'loss_spans'];

/** Every field that may mark a message or a row. */
export const markFields: ReadonlySet<string> = new Set([...LEARNED, ...NOT_LEARNED, ...PARTS]);

/** A mark that was found. */
export interface Mark {
  readonly field: string;
  readonly learned: boolean;
}

/**
 * What the fields of a message or a row say about learning it; undefined if they say nothing. Throws BadRow for a mark that training
 * cannot obey, such as a weight of 0.5. A row may have a column of such a name that is no mark, such as a loss of 2.3 or a weight of
 * 70: columns of other numbers and of text say nothing.
 */
export function markOf(entry: Readonly<Record<string, unknown>>, path: FieldPath = []): Mark | undefined {
  const isRow = path.length === 0;
  let found: Mark | undefined;
  for (const field of PARTS) {
    const value = entry[field];
    if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) continue;
    throw cannotObey(field, 'parts of a turn cannot be left out; mark whole turns', [...path, field]);
  }
  for (const field of LEARNED) {
    const learned = yesOrNo(entry[field], field, [...path, field], isRow);
    if (learned !== undefined && found?.learned !== false) found = { field, learned };
  }
  for (const field of NOT_LEARNED) {
    const hidden = yesOrNo(entry[field], field, [...path, field], isRow);
    if (hidden !== undefined && found?.learned !== false) found = { field, learned: !hidden };
  }
  return found;
}

/** A mark as CSV and JSON write it. Undefined if there is none. */
function yesOrNo(value: unknown, field: string, path: FieldPath, isRow: boolean): boolean | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'boolean') return value;
  const text = typeof value === 'string' ? value.trim().toLowerCase() : undefined;
  if (text === 'true' || text === 'yes') return true;
  if (text === 'false' || text === 'no') return false;
  const number = typeof value === 'number' ? value : text === undefined ? NaN : Number(text);
  if (number === 0) return false;
  if (number === 1) return true;
  if (isRow && !(number > 0 && number < 1)) return undefined;
  const shown = JSON.stringify(value)?.slice(0, 40);
  throw cannotObey(field, `it is ${shown}, and only 0 and 1, or false and true, can be obeyed`, path);
}

const cannotObey = (field: string, why: string, path: FieldPath): BadRow =>
  new BadRow(`"${field}" says what is to be learned: ${why}`, 'marks', path);

/** Columns that say whether an answer is a good one: KTO's `label` and `kto_tag`, and what feedback tools write. */
const LABELS = [
  'label',
  'kto_tag',
  'kto_label',
  'is_preferred',
  'preferred',
  'desirable',
  'is_desirable',
  'accepted',
  'approved',
  'is_chosen',
  'chosen',
  'thumbs_up',
  'is_good',
];
const BAD_WORDS = ['false', 'no', '0', '-1', 'bad', 'rejected', 'reject', 'undesirable', 'dispreferred', 'negative'];
const GOOD_WORDS = ['true', 'yes', '1', 'good', 'chosen', 'accepted', 'accept', 'desirable', 'preferred', 'positive'];
/** Columns with a state, and the words there that take a row out. */
const STATES = ['status', 'state', 'answer', 'review', 'decision'];
const OUT_WORDS = ['rejected', 'reject', 'discarded', 'discard', 'deleted', 'ignore', 'ignored', 'invalid', 'excluded'];
const GONE = ['deleted', 'is_deleted', 'rejected', 'discarded'];

/** Why the columns of a row take it out of training; undefined if they do not. `texts`: rows without an answer of their own. */
export function outOf(
  row: Readonly<Record<string, unknown>>,
  read: ReadonlySet<string>,
  texts: boolean,
): string | undefined {
  for (const column of LABELS) {
    const value = row[column];
    if (read.has(column) || (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean'))
      continue;
    // The label of a text is usually a class, and then a number says nothing about learning it.
    if (texts && typeof value !== 'boolean') continue;
    const text = String(value).trim().toLowerCase();
    if (BAD_WORDS.includes(text)) return `"${column}" is ${text}`;
  }
  for (const column of GONE) {
    if (!read.has(column) && isTrue(row[column])) return `"${column}" is true`;
  }
  for (const column of STATES) {
    const value = row[column];
    if (read.has(column) || typeof value !== 'string' || value.length > 20) continue;
    if (OUT_WORDS.includes(value.trim().toLowerCase())) return `"${column}" is "${value.trim()}"`;
  }
  return undefined;
}

/** True for a column that was understood as a mark of its row, and whose value lets the row be learned. `texts`: as for `outOf`. */
export function isKnownMark(column: string, value: unknown, texts: boolean): boolean {
  const text = String(value).trim().toLowerCase();
  if (LABELS.includes(column)) return GOOD_WORDS.includes(text) && (!texts || typeof value === 'boolean');
  if (GONE.includes(column)) return !isTrue(value);
  return [...LEARNED, ...NOT_LEARNED].includes(column) && ['true', 'false', 'yes', 'no', '0', '1'].includes(text);
}

const isTrue = (value: unknown): boolean => value === true || value === 1 || String(value).toLowerCase() === 'true';
