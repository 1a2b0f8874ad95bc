import { batches, type Batch, type Resume } from '../data/batch.ts';
import type { Dataset } from '../data/dataset.ts';
import type { BatchSettings, DataSettings } from '../data/settings.ts';
import { VeraError } from '../protocol/errors.ts';
import type { RunSettings } from './runSettings.ts';
import type { ScheduleSettings } from './scheduleSettings.ts';
import type { Places } from './settings.ts';

/** A place in the stream of training batches. A resumed run continues exactly there. */
export interface DataPosition {
  readonly epoch: number;
  /** Absent at the beginning of an epoch. */
  readonly resume?: Resume;
}

/** The batches of one optimizer step, and where the next one begins. */
export interface Group {
  readonly parts: readonly Batch[];
  readonly epoch: number;
  readonly next: DataPosition;
}

/** The values that decide which batches a run trains on, and in which order. */
export type StreamSettings = BatchSettings &
  Pick<DataSettings, 'accumulate'> &
  Pick<RunSettings, 'seed'> &
  Pick<Places, 'data'>;

/**
 * Groups of `accumulate` batches, epoch after epoch, each epoch in its own order. The last group of an epoch may be
 * smaller. The stream ends after `epochs`, or never.
 */
export async function* batchGroups(
  dataset: Dataset,
  settings: StreamSettings,
  from: DataPosition,
  epochs: number,
): AsyncGenerator<Group> {
  const { seed, accumulate } = settings;
  let { resume } = from;
  for (let epoch = from.epoch; epoch < epochs; epoch++) {
    let parts: Batch[] = [];
    let given = resume !== undefined;
    const examples = dataset.train(seed, epoch, resume?.row ?? 0);
    for await (const batch of batches(examples, { ...batchShape(settings), ...(resume ? { resume } : {}) })) {
      parts.push(batch);
      given = true;
      if (parts.length < accumulate) continue;
      yield { parts, epoch, next: { epoch, resume: batch.resume } };
      parts = [];
    }
    if (parts.length > 0) yield { parts, epoch, next: { epoch: epoch + 1 } };
    if (!given) throw new VeraError('data', `${settings.data}: no row gives anything to learn from`);
    resume = undefined;
  }
}

/** The held-out rows in batches, which are the same every time. */
export const heldOutBatches = (dataset: Dataset, settings: BatchSettings): AsyncGenerator<Batch> =>
  batches(dataset.heldOut(), batchShape(settings));

const batchShape = ({ batch, length, packing }: BatchSettings) => ({ rows: batch, length, packing });

/** The length of a run is estimated from so many rows. */
const SAMPLED_ROWS = 256;

/**
 * The number of optimizer steps of a run: `steps` if they are given, otherwise an estimate from the first rows. The
 * learning-rate schedule uses this number; the run itself ends with its last epoch.
 */
export async function estimateSteps(
  dataset: Dataset,
  settings: StreamSettings & Pick<ScheduleSettings, 'steps' | 'epochs'>,
): Promise<number> {
  const { steps, epochs, batch, length, accumulate, packing, seed } = settings;
  if (steps !== undefined) return steps;
  let perEpoch = 0;
  if (dataset.rows <= SAMPLED_ROWS) {
    for await (const { parts } of batchGroups(dataset, settings, { epoch: 0 }, 1)) perEpoch += parts.length > 0 ? 1 : 0;
    return perEpoch * epochs;
  }
  let [examples, tokens] = [0, 0];
  for await (const example of dataset.train(seed, 0)) {
    if ((example.row ?? 0) >= SAMPLED_ROWS) break;
    examples++;
    tokens += example.ids.length - 1;
  }
  const scale = dataset.rows / SAMPLED_ROWS;
  const groups = packing === 'pack' ? (tokens * scale) / (batch * length) : (examples * scale) / batch;
  return Math.max(1, Math.ceil(Math.ceil(groups) / accumulate)) * epochs;
}
