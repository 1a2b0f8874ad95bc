import { existsSync } from 'node:fs';
import { batches } from '../data/batch.ts';
import { openDataset } from '../data/dataset.ts';
import { rowLength } from '../data/settings.ts';
import { loadTokenizer } from '../data/tokenizer.ts';
import { type Adapter, loadAdapter } from '../export/adapter.ts';
import { openAdapter } from '../export/openAdapter.ts';
import { startOf, startText } from '../methods/start.ts';
import { unadapted } from '../models/adaptation.ts';
import { resolveBase, type ResolveOptions } from '../models/resolve.ts';
import { VeraError } from '../protocol/errors.ts';
import { settingError } from '../settings/setting.ts';
import { evaluate } from './evaluate.ts';
import { type EvaluateSettings, EVALUATION_LENGTH } from './evaluateSettings.ts';
import { checkLength } from './prepare.ts';
import { Step } from './step.ts';

/** What to evaluate, and on which dataset. */
export interface EvaluationRequest {
  readonly data: string;
  /** Folder, GGUF file or hub id. May be left out if the adapter names its base. */
  readonly base?: string;
  /** Folder of an adapter. */
  readonly adapter?: string;
  readonly settings: EvaluateSettings;
}

/** The result, with each measure of the objective by its name. */
export interface EvaluationReport {
  /** The name of the objective. */
  readonly objective: string;
  readonly [measure: string]: unknown;
  readonly tokens: number;
  readonly format: string;
  readonly rows: number;
  /** Most tokens of a row. */
  readonly length: number;
  /** Rows that were cut at the length. */
  readonly cut: number;
  /** Rows in which the adapter never starts; absent for one that acts on every token. */
  readonly unstarted?: number;
  readonly skipped: { readonly count: number; readonly first?: string };
}

/**
 * The loss of a base model, with or without an adapter, on every row of a dataset. Throws the errors of reading base,
 * adapter and dataset, and VeraError 'numeric'.
 */
export async function evaluateDataset(
  { data, base: given, adapter: dir, settings }: EvaluationRequest,
  options: ResolveOptions,
): Promise<EvaluationReport> {
  const { batch, precision, objective, threads } = settings;
  if (!existsSync(data)) throw new VeraError('data', `${data} is not there`);
  const { base, loaded } = await open(given, dir, options);
  const length = rowLength(settings.length, base.config.maxLength, EVALUATION_LENGTH);
  checkLength(base, length);
  const start = loaded && startOf(loaded.adapter.options);
  if (start && !start.tokens) checkAnswers(settings);
  const dataset = await openDataset(data, {
    ...{ ...settings, tokenizer: loadTokenizer(base.dir), length },
    ...{ heldOut: 1, fimRate: 0, windows: 'cut', start, keepUnstarted: true },
  });
  try {
    const step = await Step.create(
      {
        ...{
          base,
          precision,
          objective,
          maxLength: length,
          tokens: batch * length,
          cache: options.cache,
          dropout: false,
        },
        adaptation: loaded?.adaptation ?? unadapted,
        ...(threads === undefined ? {} : { session: { threads } }),
      },
      false,
    );
    try {
      const rows = batches(dataset.heldOut(), { rows: batch, length, packing: 'bucket' });
      let done = 0;
      const { loss, measures, tokens } = await evaluate(step, loaded?.adapter.theta ?? new Float32Array(), rows, {
        vocabulary: base.config.vocabulary,
        onBatch: () => options.onProgress?.('evaluating', Math.min(0.99, (done += batch) / dataset.heldOutRows)),
      });
      if (!Number.isFinite(loss))
        throw new VeraError(
          'numeric',
          `the loss of ${data} is not finite: the base or the adapter holds values that are not, or they overflow`,
        );
      const { count, first } = dataset.skipped;
      if (dataset.unstarted > 0 && dataset.unstarted + count + dataset.dropped >= dataset.heldOutRows)
        throw neverStarts(data, loaded!.adapter);
      return {
        ...{ objective: step.objective.name, ...measures, tokens },
        ...{ format: dataset.format, rows: dataset.heldOutRows },
        ...{ length, cut: dataset.cut, ...(start ? { unstarted: dataset.unstarted } : {}) },
        skipped: { count, ...(first === undefined ? {} : { first }) },
      };
    } finally {
      await step.release();
    }
  } finally {
    dataset.close();
  }
}

function checkAnswers({ lossOn }: EvaluateSettings): void {
  if (lossOn === 'all')
    throw settingError(
      "the adapter starts at the answer, which is found only if the answers alone count in the loss; set Loss on to 'answer'",
      'lossOn',
    );
}

const neverStarts = (data: string, { options }: Adapter): VeraError =>
  new VeraError(
    'data',
    `${data}: the adapter starts ${startText(options)}, which is in none of these rows, so only its base would be measured; measure it on rows like those that it was trained on, or with the completion task`,
  );

async function open(given: string | undefined, dir: string | undefined, options: ResolveOptions) {
  if (dir !== undefined && given === undefined) {
    const { base, ...loaded } = await openAdapter(dir, undefined, options);
    return { base, loaded };
  }
  if (given === undefined) throw settingError('choose a base model or an adapter to measure', 'base', 'adapter');
  const base = await resolveBase(given, options);
  return { base, loaded: dir === undefined ? undefined : loadAdapter(dir, base) };
}
