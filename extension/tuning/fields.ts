import type { TrainSettings } from './training.ts';

export type SettingKey = Exclude<keyof TrainSettings, 'data' | 'base' | 'out'>;
type Kind = 'whole' | 'number' | 'text' | 'choice' | 'switch' | 'lines';

export interface Field {
  readonly title: string;
  readonly help: string;
  readonly kind: Kind;
  readonly values?: readonly string[];
  readonly group: string;
  /** What stands where nothing is given. */
  readonly standard: string;
}

const [LEARNS, RUN, RATE, DATA, WATCH] = ['What learns', 'Length', 'Optimizer', 'Data', 'Evaluation and samples'];

/** Every setting of a run, as the Advanced step shows it; one that the protocol has and this lacks does not compile. */
export const FIELDS: Readonly<Record<SettingKey, Field>> = {
  method: {
    title: 'Method',
    help: 'VeRA trains two vectors a layer; LoRA two matrices; full every weight.',
    kind: 'choice',
    values: ['vera', 'lora', 'full'],
    group: LEARNS,
    standard: 'vera',
  },
  rank: {
    title: 'Rank',
    help: 'Random directions of VeRA, or width of LoRA.',
    kind: 'whole',
    group: LEARNS,
    standard: '256 for VeRA, 16 for LoRA',
  },
  targets: {
    title: 'Target modules',
    help: "Names separated by commas, or 'all-linear'.",
    kind: 'text',
    group: LEARNS,
    standard: 'q_proj,v_proj',
  },
  layers: {
    title: 'Layers',
    help: "Numbers and ranges such as '0-5,11'.",
    kind: 'text',
    group: LEARNS,
    standard: 'all',
  },
  precision: {
    title: 'Precision of the frozen weights',
    help: 'int8 is faster and takes more memory.',
    kind: 'choice',
    values: ['fp32', 'int8'],
    group: LEARNS,
    standard: 'fp32',
  },
  projectionKey: { title: 'Projection seed', help: 'Seed of A and B.', kind: 'whole', group: LEARNS, standard: '0' },
  dInitial: { title: 'Initial d', help: 'What d starts from.', kind: 'number', group: LEARNS, standard: '0.1' },
  alpha: {
    title: 'Alpha (LoRA)',
    help: 'Scale of the update is alpha / rank.',
    kind: 'number',
    group: LEARNS,
    standard: 'the rank',
  },
  dropout: {
    title: 'Dropout',
    help: 'Share of inputs of an adapted layer that are dropped.',
    kind: 'number',
    group: LEARNS,
    standard: '0',
  },
  projection: {
    title: 'Store A and B',
    help: 'Write them into the adapter folder too, as PEFT does.',
    kind: 'switch',
    group: LEARNS,
    standard: 'no',
  },
  epochs: {
    title: 'Epochs',
    help: 'Passes over the data; not together with steps.',
    kind: 'whole',
    group: RUN,
    standard: '1',
  },
  steps: {
    title: 'Steps',
    help: 'Optimizer steps, instead of epochs.',
    kind: 'whole',
    group: RUN,
    standard: 'as epochs say',
  },
  batch: { title: 'Batch', help: 'Rows of a batch.', kind: 'whole', group: RUN, standard: '4' },
  length: {
    title: 'Length of rows',
    help: 'Tokens; 0: 512, or what the model reads at once.',
    kind: 'whole',
    group: RUN,
    standard: '512',
  },
  accumulate: {
    title: 'Batches a step',
    help: 'Batches whose gradients make one step.',
    kind: 'whole',
    group: RUN,
    standard: '1',
  },
  packing: {
    title: 'Packing',
    help: 'Lay several examples into a row, sort them by length, or neither.',
    kind: 'choice',
    values: ['pack', 'bucket', 'none'],
    group: RUN,
    standard: 'pack',
  },
  checkpointEvery: {
    title: 'Steps between checkpoints',
    help: 'What a crash can cost at most.',
    kind: 'whole',
    group: RUN,
    standard: '50',
  },
  threads: { title: 'Threads', help: 'Of one operator.', kind: 'whole', group: RUN, standard: 'all cores' },
  seed: {
    title: 'Seed',
    help: 'Of order and dropout: the same seed gives the same bits.',
    kind: 'whole',
    group: RUN,
    standard: '0',
  },
  lr: {
    title: 'Learning rate',
    help: "VeRA's is about ten times LoRA's.",
    kind: 'number',
    group: RATE,
    standard: '0.004 for VeRA, 0.0004 for LoRA',
  },
  lrB: {
    title: 'Learning rate of b',
    help: 'Instead of the common one.',
    kind: 'number',
    group: RATE,
    standard: 'the learning rate',
  },
  lrD: {
    title: 'Learning rate of d',
    help: 'Instead of the common one.',
    kind: 'number',
    group: RATE,
    standard: 'the learning rate',
  },
  lrHead: {
    title: 'Learning rate of the head',
    help: 'Instead of the common one.',
    kind: 'number',
    group: RATE,
    standard: 'the learning rate',
  },
  schedule: {
    title: 'Schedule',
    help: 'How the learning rate falls.',
    kind: 'choice',
    values: ['constant', 'linear', 'cosine'],
    group: RATE,
    standard: 'linear',
  },
  warmup: {
    title: 'Warm-up',
    help: 'Steps over which the learning rate rises.',
    kind: 'whole',
    group: RATE,
    standard: '0',
  },
  weightDecay: { title: 'Weight decay', help: 'Of AdamW.', kind: 'number', group: RATE, standard: '0' },
  beta1: { title: 'Beta 1', help: 'Of Adam.', kind: 'number', group: RATE, standard: '0.9' },
  beta2: { title: 'Beta 2', help: 'Of Adam.', kind: 'number', group: RATE, standard: '0.999' },
  epsilon: { title: 'Epsilon', help: 'Of Adam.', kind: 'number', group: RATE, standard: '1e-8' },
  clip: {
    title: 'Gradient clipping',
    help: "Largest norm of a step's gradient; 0: no limit.",
    kind: 'number',
    group: RATE,
    standard: '1',
  },
  format: {
    title: 'Task',
    help: 'How a row is read, where the columns do not say.',
    kind: 'choice',
    values: ['chat', 'sharegpt', 'pair', 'instruction', 'text', 'code'],
    group: DATA,
    standard: 'as the first rows show',
  },
  lossOn: {
    title: 'Loss on',
    help: 'Answers alone, or all of a row.',
    kind: 'choice',
    values: ['answer', 'all'],
    group: DATA,
    standard: 'answer',
  },
  onBadRow: {
    title: 'Wrong rows',
    help: 'Stop at the first, or leave them out and count them.',
    kind: 'choice',
    values: ['error', 'skip'],
    group: DATA,
    standard: 'error',
  },
  fimRate: {
    title: 'Fill in the middle',
    help: 'Share of code that is learned with a gap in it.',
    kind: 'number',
    group: DATA,
    standard: '0.5',
  },
  maxExamples: { title: 'Rows at most', help: 'The first rows only.', kind: 'whole', group: DATA, standard: 'all' },
  heldOut: {
    title: 'Held out',
    help: 'Share of rows that are kept for measuring.',
    kind: 'number',
    group: WATCH,
    standard: '0.05',
  },
  evalEvery: {
    title: 'Steps between evaluations',
    help: 'On held-out rows.',
    kind: 'whole',
    group: WATCH,
    standard: 'ten in a run',
  },
  evalBatches: { title: 'Batches of an evaluation', help: '0: all.', kind: 'whole', group: WATCH, standard: '32' },
  patience: {
    title: 'Patience',
    help: 'Evaluations without a better one after which it stops; 0: never.',
    kind: 'whole',
    group: WATCH,
    standard: '0',
  },
  samplePrompts: {
    title: 'Prompts of samples',
    help: 'Continued before and after training; one a line, separated by |.',
    kind: 'lines',
    group: WATCH,
    standard: 'from the held-out rows',
  },
  sampleTokens: { title: 'Tokens of a sample', help: '0: no samples.', kind: 'whole', group: WATCH, standard: '32' },
};

/** What a person typed, as the setting takes it; undefined: back to the standard. Throws an Error that says what is wrong. */
export function parseField({ kind, title }: Field, text: string): unknown {
  const value = text.trim();
  if (value === '') return undefined;
  if (kind === 'text' || kind === 'choice') return value;
  if (kind === 'switch') return value === 'yes';
  if (kind === 'lines')
    return text
      .split('|')
      .map((one) => one.trim())
      .filter((one) => one !== '');
  const number = Number(value);
  if (!Number.isFinite(number)) throw new Error(`${title} is a number.`);
  if (kind === 'whole' && (!Number.isInteger(number) || number < 0))
    throw new Error(`${title} is a whole number from 0.`);
  return number;
}

/** A setting as a person reads it. */
export function fieldText(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.join(' | ');
  return typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value);
}
