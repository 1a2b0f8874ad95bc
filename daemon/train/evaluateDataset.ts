import { existsSync } from 'node:fs';
import { batches } from '../data/batch.ts';
import { openDataset } from '../data/dataset.ts';
import { loadTokenizer } from '../data/tokenizer.ts';
import { loadAdapter } from '../export/adapter.ts';
import { openAdapter } from '../export/openAdapter.ts';
import { unadapted } from '../models/adaptation.ts';
import type { Precision } from '../models/network.ts';
import { resolveBase, type ResolveOptions } from '../models/resolve.ts';
import { VeraError } from '../protocol/errors.ts';
import { evaluate } from './evaluate.ts';
import { checkLength } from './prepare.ts';
import { Step } from './step.ts';

/** What is measured, and on what; what is left out takes the defaults of `vera eval`. */
export interface EvaluationSettings {
  readonly data: string;
  /** Folder, GGUF file or hub id; may be left out where the adapter names its own. */
  readonly base?: string;
  /** Folder of an adapter. */
  readonly adapter?: string;
  /** Tokens of a row at most: EVALUATION_LENGTH, or what the model reads at once. */
  readonly length?: number;
  /** Rows of a batch. */
  readonly batch?: number;
  readonly precision?: Precision;
  readonly format?: string;
  readonly lossOn?: 'answer' | 'all';
  readonly onBadRow?: 'error' | 'skip';
  readonly maxExamples?: number;
  readonly threads?: number;
}

export interface EvaluationReport {
  /** Mean of -ln p over the counted tokens. */
  readonly loss: number;
  readonly perplexity: number;
  readonly tokens: number;
  readonly format: string;
  readonly rows: number;
  /** Tokens of a row at most. */
  readonly length: number;
  /** Rows that were cut at the length. */
  readonly cut: number;
  readonly skipped: { readonly count: number; readonly first?: string };
}

export const EVALUATION_LENGTH = 1024;
export const EVALUATION_BATCH = 4;
const MAX_TOKENS = 2 ** 24; // of a batch: beyond it attention alone would not fit any machine

/** The loss of a base model, with or without an adapter, on every row of a dataset. Throws what its parts throw, and 'numeric'. */
export async function evaluateDataset(
  settings: EvaluationSettings,
  options: ResolveOptions,
): Promise<EvaluationReport> {
  const { data, adapter: dir, batch = EVALUATION_BATCH, precision = 'fp32', threads, format, maxExamples } = settings;
  if (!existsSync(data)) throw new VeraError('data', `${data} is not there`);
  const { base, loaded } = await open(settings.base, dir, options);
  const length = settings.length ?? Math.min(EVALUATION_LENGTH, base.config.maxLength);
  checkLength(base, length);
  if (batch * length > MAX_TOKENS)
    throw new VeraError('usage', `--batch ${batch} times --length ${length} is more than ${MAX_TOKENS} tokens at once`);
  const dataset = await openDataset(data, {
    ...{ tokenizer: loadTokenizer(base.dir), length },
    ...{ lossOn: settings.lossOn ?? 'answer', onBadRow: settings.onBadRow ?? 'error' },
    ...{ heldOut: 1, fimRate: 0, windows: 'cut' },
    ...(format === undefined ? {} : { format }),
    ...(maxExamples === undefined ? {} : { maxExamples }),
  });
  try {
    const step = await Step.create(
      {
        ...{ base, precision, maxLength: length, tokens: batch * length, cache: options.cache, dropout: false },
        adaptation: loaded?.adaptation ?? unadapted,
        ...(threads === undefined ? {} : { session: { threads } }),
      },
      false,
    );
    try {
      const rows = batches(dataset.heldOut(), { rows: batch, length, packing: 'bucket' });
      let done = 0;
      const { loss, tokens } = await evaluate(step, loaded?.adapter.theta ?? new Float32Array(), rows, {
        vocabulary: base.config.vocabulary,
        onBatch: () => options.onProgress?.('evaluating', Math.min(0.99, (done += batch) / dataset.heldOutRows)),
      });
      if (!Number.isFinite(loss))
        throw new VeraError(
          'numeric',
          `the loss of ${data} is not finite: the base or the adapter holds values that are not, or they overflow`,
        );
      const { count, first } = dataset.skipped;
      return {
        ...{ loss, perplexity: Math.exp(loss), tokens, format: dataset.format, rows: dataset.heldOutRows },
        ...{ length, cut: dataset.cut },
        skipped: { count, ...(first === undefined ? {} : { first }) },
      };
    } finally {
      await step.release();
    }
  } finally {
    dataset.close();
  }
}

async function open(given: string | undefined, dir: string | undefined, options: ResolveOptions) {
  if (dir !== undefined && given === undefined) {
    const { base, ...loaded } = await openAdapter(dir, undefined, options);
    return { base, loaded };
  }
  if (given === undefined) throw new VeraError('usage', 'say which base to measure: pass --base, or an adapter');
  const base = await resolveBase(given, options);
  return { base, loaded: dir === undefined ? undefined : loadAdapter(dir, base) };
}
