import { METHODS, methodNamed } from '../methods/registry.ts';
import { DEFAULTS } from '../methods/method.ts';
import type { Precision } from '../models/network.ts';
import { VeraError } from '../protocol/errors.ts';
import { defaultThreads } from '../runtime/threads.ts';
import { ADAM_DEFAULTS } from './optimizer.ts';
import type { Schedule } from './schedule.ts';

/** All settings of a training run, as run.json keeps them: plain JSON, paths absolute. */
export interface TrainSettings {
  /** Dataset file or folder. */
  readonly data: string;
  /** Base model: folder, GGUF file or hub id. */
  readonly base: string;
  /** The folder that becomes the adapter (or, with `full`, the model), with run.json, metrics.jsonl and checkpoints/ in it. */
  readonly out: string;
  readonly method: string;
  readonly rank: number;
  readonly alpha: number;
  readonly dropout: number;
  readonly projectionKey: number;
  readonly dInitial: number;
  readonly targets: string;
  readonly layers?: string;
  readonly precision: Precision;
  /** Optimizer steps; otherwise `epochs` decides. */
  readonly steps?: number;
  readonly epochs: number;
  /** Rows of a batch. */
  readonly batch: number;
  /** Tokens of a row; 0: DEFAULT_LENGTH, or what the model reads at once where that is less. */
  readonly length: number;
  /** Batches whose gradients make one step. */
  readonly accumulate: number;
  readonly packing: 'pack' | 'bucket' | 'none';
  readonly lossOn: 'answer' | 'all';
  readonly onBadRow: 'error' | 'skip';
  readonly format?: string;
  readonly fimRate: number;
  readonly maxExamples?: number;
  readonly lr: number;
  readonly lrB?: number;
  readonly lrD?: number;
  readonly lrHead?: number;
  readonly schedule: Schedule;
  /** Steps over which the learning rate rises. */
  readonly warmup: number;
  readonly weightDecay: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Largest norm of a step's gradient; 0 for no limit. */
  readonly clip: number;
  readonly seed: number;
  /** Fraction of the rows held out. */
  readonly heldOut: number;
  /** Steps between evaluations; undefined: ten of them in a run. */
  readonly evalEvery?: number;
  /** Batches of an evaluation at most; 0 for all. */
  readonly evalBatches: number;
  /** Evaluations without a better one after which the run stops; 0 for never. */
  readonly patience: number;
  readonly checkpointEvery: number;
  readonly samplePrompts?: readonly string[];
  /** Tokens of a sample; 0 for no samples. */
  readonly sampleTokens: number;
  /** Write A and B into the adapter too. */
  readonly projection: boolean;
  readonly threads: number;
}

/** What a user may leave out. */
export type GivenSettings = Pick<TrainSettings, 'data' | 'base' | 'out'> & {
  readonly [K in keyof TrainSettings]?: TrainSettings[K] | undefined;
};

/** Learning rates that suit a method: VeRA's is about ten times LoRA's (arXiv 2310.11454, section 4). */
const RATES: Readonly<Record<string, number>> = { vera: 4e-3, lora: 4e-4, full: 5e-5 };
/** Ranks as the paper compares them: VeRA's costs next to nothing. */
const RANKS: Readonly<Record<string, number>> = { vera: DEFAULTS.rank, lora: 16 };
const MAX_RANK = 65_536; // A and B of a larger one would not fit a typed array for any model
const MAX_RATE = 1e30; // beyond it a learning rate is no number in float32
const MAX_THREADS = 1024; // a pool of more is a slip of the finger, and onnxruntime would try

/** Tokens of a row where the user does not say. */
export const DEFAULT_LENGTH = 512;

const STANDARD = {
  method: 'vera',
  dropout: 0,
  projectionKey: DEFAULTS.projectionKey,
  dInitial: DEFAULTS.dInitial,
  targets: 'q_proj,v_proj',
  precision: 'fp32',
  epochs: 1,
  batch: 4,
  length: 0,
  accumulate: 1,
  packing: 'pack',
  lossOn: 'answer',
  onBadRow: 'error',
  fimRate: 0.5,
  schedule: 'linear',
  warmup: 0,
  weightDecay: 0,
  beta1: ADAM_DEFAULTS.beta1,
  beta2: ADAM_DEFAULTS.beta2,
  epsilon: ADAM_DEFAULTS.epsilon,
  clip: 1,
  seed: 0,
  heldOut: 0.05,
  evalBatches: 32,
  patience: 0,
  checkpointEvery: 50,
  sampleTokens: 32,
  projection: false,
} as const;

/** Fills in what is not given and refuses what cannot be, with VeraError 'usage'. */
export function completeSettings(given: GivenSettings): TrainSettings {
  const wrong = (message: string): never => {
    throw new VeraError('usage', message);
  };
  const present = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as unknown as GivenSettings;
  const method = methodNamed(present.method ?? STANDARD.method).name;
  if (method === 'full') {
    const names = {
      rank: '--rank',
      alpha: '--alpha',
      dropout: '--dropout',
      targets: '--targets',
      layers: '--layers',
      lrB: '--lr-b',
      lrD: '--lr-d',
    } as const;
    for (const [name, flag] of Object.entries(names)) {
      if (present[name as keyof typeof names] !== undefined)
        wrong(`${flag} has no meaning with --method full, which trains every weight`);
    }
    if (present.precision === 'int8') wrong('--method full trains the weights themselves and needs --precision fp32');
  }
  if (method !== 'vera' && (present.lrB !== undefined || present.lrD !== undefined))
    wrong('--lr-b and --lr-d are the learning rates of --method vera; use --lr');
  if (method !== 'lora' && present.alpha !== undefined) wrong('--alpha is a setting of --method lora; VeRA has none');
  if (present.steps !== undefined && present.epochs !== undefined) wrong('give --steps or --epochs, not both');
  const rank = present.rank ?? RANKS[method] ?? DEFAULTS.rank;
  const settings: TrainSettings = {
    ...STANDARD,
    lr: RATES[method] ?? 1e-4,
    threads: defaultThreads(),
    ...present,
    method,
    rank,
    alpha: present.alpha ?? rank,
  } as TrainSettings;
  checkNumbers({ ...settings, length: present.length ?? DEFAULT_LENGTH }, wrong);
  return settings;
}

/** Settings that were complete already, checked again: someone may have edited them. What a method has no use for is left out. */
export function checkSettings({ alpha, rank, targets, dropout, ...settings }: GivenSettings): TrainSettings {
  const { epochs, ...rest } = settings;
  const length = settings.steps === undefined && epochs !== undefined ? { epochs } : {};
  if (settings.method === 'full') return completeSettings({ ...rest, ...length });
  const scale = settings.method === 'lora' ? { alpha } : {};
  return completeSettings({ ...rest, ...length, rank, targets, dropout, ...scale });
}

function checkNumbers(settings: TrainSettings, wrong: (message: string) => never): void {
  const range = (flag: string, value: number | undefined, least: number, most: number, whole = false): void => {
    if (value === undefined || (value >= least && value <= most && (!whole || Number.isInteger(value)))) return;
    wrong(`${flag} must be ${whole ? 'a whole number' : 'a number'} from ${least} to ${most}, not ${value}`);
  };
  const count = 2 ** 31 - 1;
  range('--rank', settings.rank, 1, MAX_RANK, true);
  range('--alpha', settings.alpha, 1e-30, 1e9);
  range('--dropout', settings.dropout, 0, 0.99);
  range('--projection-key', settings.projectionKey, 0, 2 ** 32 - 1, true);
  range('--d-initial', settings.dInitial, -1e9, 1e9);
  range('--steps', settings.steps, 1, count, true);
  range('--epochs', settings.epochs, 1, 1e6, true);
  range('--batch', settings.batch, 1, 65_536, true);
  range('--length', settings.length, 2, 2 ** 20, true);
  range('--accumulate', settings.accumulate, 1, 65_536, true);
  range('--fim-rate', settings.fimRate, 0, 1);
  range('--lr', settings.lr, Number.MIN_VALUE, MAX_RATE);
  range('--lr-b', settings.lrB, 0, MAX_RATE);
  range('--lr-d', settings.lrD, 0, MAX_RATE);
  range('--lr-head', settings.lrHead, 0, MAX_RATE);
  range('--warmup', settings.warmup, 0, count, true);
  range('--weight-decay', settings.weightDecay, 0, 1e6);
  range('--beta1', settings.beta1, 0, 0.999999);
  range('--beta2', settings.beta2, 0, 0.99999999);
  range('--epsilon', settings.epsilon, Number.MIN_VALUE, 1);
  range('--clip', settings.clip, 0, 1e30);
  range('--seed', settings.seed, 0, 2 ** 32 - 1, true);
  range('--held-out', settings.heldOut, 0, 0.9);
  range('--eval-every', settings.evalEvery, 1, count, true);
  range('--eval-batches', settings.evalBatches, 0, count, true);
  range('--patience', settings.patience, 0, count, true);
  range('--checkpoint-every', settings.checkpointEvery, 1, count, true);
  range('--sample-tokens', settings.sampleTokens, 0, 4096, true);
  range('--threads', settings.threads, 1, MAX_THREADS, true);
  if (settings.batch * settings.length > 2 ** 24)
    wrong(
      `--batch ${settings.batch} times --length ${settings.length} is more than ${2 ** 24} tokens a step; use --accumulate for larger steps`,
    );
  if (settings.patience > 0 && settings.heldOut === 0)
    wrong('--patience needs held-out rows: give --held-out more than 0');
}

export const METHOD_NAMES: readonly string[] = METHODS.map(({ name }) => name);

/** Settings that a resumed run may have other values of: they do not change what was learned, or from what. */
export const RESUMABLE = [
  'data', 'base', 'steps', 'epochs', 'lr', 'lrB', 'lrD', 'lrHead', 'schedule', 'warmup', 'weightDecay', 'clip', 'evalEvery', 'evalBatches',
  'patience', 'checkpointEvery', 'sampleTokens', 'projection', 'threads',
] as const satisfies readonly (keyof TrainSettings)[]; // prettier-ignore

/** What must be the same for a checkpoint to be gone on with, as one text. */
export function identityOf(settings: TrainSettings, fingerprint: string, dataset: string): string {
  const free: readonly string[] = [...RESUMABLE, 'out', 'samplePrompts'];
  const fixed = Object.entries(settings).filter(([name, value]) => !free.includes(name) && value !== undefined);
  return JSON.stringify([fingerprint, dataset, ...fixed.sort(([a], [b]) => (a < b ? -1 : 1))]);
}
