import { settingError, settings, type ValuesOf } from '../settings/setting.ts';
import { ENCODINGS } from './encodings.ts';
import { rowFormats } from './formats/registry.ts';

/** Tokens of a row if none are given. */
export const DEFAULT_LENGTH = 512;
/** Smallest and largest number of tokens of a row. */
export const LENGTHS = { least: 2, most: 2 ** 20 } as const;
/** Tokens of one batch: beyond it attention alone would not fit any machine. */
const MAX_TOKENS = 2 ** 24;

const FORMAT = {
  name: 'format',
  label: 'Row format',
  help: 'How a row of the dataset is read.',
  kind: 'choice',
  values: rowFormats.map(({ name, label }) => ({ value: name, label })),
  standard: 'detected from the first rows',
} as const;

/** How a dataset is read and laid out into batches. */
export const DATA_GROUP = {
  name: 'data',
  label: 'Data',
  settings: settings(
    FORMAT,
    {
      name: 'columns',
      label: 'Columns',
      help: 'Which column is read as what, as in prompt=frage,completion=antwort.',
      kind: 'text',
      maxLength: 2000,
      standard: 'the columns as they are named',
    },
    {
      name: 'encoding',
      label: 'Text encoding',
      help: 'The encoding of a text file that is not UTF-8.',
      kind: 'choice',
      values: ENCODINGS,
      standard: 'UTF-8, or UTF-16 if the file begins with its mark',
      advanced: true,
    },
    {
      name: 'length',
      label: 'Row length',
      help: 'Tokens of a row; longer examples are cut or split.',
      kind: 'number',
      whole: true,
      ...LENGTHS,
      unit: 'tokens',
      standard: `${DEFAULT_LENGTH}, or the context length of the model where that is less`,
    },
    {
      name: 'batch',
      label: 'Batch size',
      help: 'Rows of a batch.',
      kind: 'number',
      whole: true,
      least: 1,
      most: 65_536,
      default: 4,
      unit: 'rows',
    },
    {
      name: 'accumulate',
      label: 'Batches per step',
      help: 'Number of batches whose gradients make one optimizer step.',
      kind: 'number',
      whole: true,
      least: 1,
      most: 65_536,
      default: 1,
      unit: 'batches',
      advanced: true,
    },
    {
      name: 'packing',
      label: 'Packing',
      help: 'Whether several examples share a row, and in which order rows come.',
      kind: 'choice',
      values: [
        { value: 'pack', label: 'Several examples share a row' },
        { value: 'bucket', label: 'One example per row, similar lengths together' },
        { value: 'none', label: 'One example per row' },
      ],
      default: 'pack',
      advanced: true,
    },
    {
      name: 'lossOn',
      label: 'Loss on',
      help: 'Which tokens count in the loss.',
      kind: 'choice',
      values: [
        { value: 'answer', label: 'Answers only' },
        { value: 'all', label: 'Every token' },
      ],
      default: 'answer',
    },
    {
      name: 'onBadRow',
      label: 'Invalid rows',
      help: 'What happens when a row cannot be read.',
      kind: 'choice',
      values: [
        { value: 'error', label: 'Stop at the first one' },
        { value: 'skip', label: 'Leave them out and count them' },
      ],
      default: 'error',
    },
    {
      name: 'maxExamples',
      label: 'Maximum number of rows',
      help: 'Use only the first rows of the dataset.',
      kind: 'number',
      whole: true,
      least: 1,
      most: 2 ** 31 - 1,
      unit: 'rows',
      standard: 'all rows',
    },
    {
      name: 'fimRate',
      label: 'Fill-in-the-middle share',
      help: 'Share of code examples in which the model fills a gap, where the model supports that.',
      kind: 'number',
      least: 0,
      most: 1,
      default: 0.5,
      advanced: true,
    },
  ),
} as const;

export type DataSettings = ValuesOf<typeof DATA_GROUP.settings>;

/** The part that lays examples out into rows. */
export type BatchSettings = Pick<DataSettings, 'batch' | 'packing'> & { readonly length: number };

/** The length of a row: what is given, or what suits a model that reads `maxLength` tokens at once. 0, of older runs, is not given. */
export const rowLength = (given: number | undefined, maxLength: number, standard = DEFAULT_LENGTH): number =>
  given === undefined || given === 0 ? Math.min(standard, maxLength) : given;

/** Refuses batches of more tokens than any machine holds. Throws VeraError 'usage'. */
export function checkBatchSize({ batch, length = DEFAULT_LENGTH }: { batch: number; length?: number }): void {
  if (batch * length <= MAX_TOKENS) return;
  throw settingError(
    `Batch size ${batch} times Row length ${length} is more than ${MAX_TOKENS} tokens; choose a smaller batch; in training, Batches per step makes steps larger`,
    'batch',
    'length',
  );
}
