import type { Batch } from '../data/batch.ts';
import type { Dataset } from '../data/dataset.ts';
import { batchGroups, heldOutBatches } from './batchSource.ts';
import { microBatches } from './microBatch.ts';
import type { ReadySettings } from './settings.ts';

/** The parts of a batch as they run through the network: their number, and means of one. */
export interface BatchParts {
  /** Parts of a batch. */
  readonly parts: number;
  /** Tokens of a part, padding within it included, and tokens of its longest row. */
  readonly tokens: number;
  readonly length: number;
  /** Tokens of a part that are counted in the loss. */
  readonly counted: number;
}

/** What a dataset gives a run to do. */
export interface Workload {
  /** A batch of training. */
  readonly step: BatchParts;
  /** Batches of one evaluation, and one of them; absent if no rows are held out. */
  readonly evaluation?: { readonly batches: number; readonly batch: BatchParts };
}

/** So many batches say what the others are like. */
const LOOKED_AT = 6;
/** Held-out batches are counted up to here; the rest is reckoned from the rows that they took. */
const COUNTED = 40;

/** Looks at the first batches that a run will take, cut into parts of about `tokens` tokens. */
export async function workloadOf(dataset: Dataset, settings: ReadySettings, tokens: number): Promise<Workload> {
  const training: Batch[] = [];
  for await (const { parts } of batchGroups(dataset, settings, { epoch: 0 }, 1)) {
    training.push(...parts);
    if (training.length >= LOOKED_AT) break;
  }
  const step = partsOf(training, tokens);
  const most = settings.evalBatches || Infinity;
  const held: Batch[] = [];
  let [batches, examples, isAll] = [0, 0, true];
  if (dataset.heldOutRows > 0)
    for await (const batch of heldOutBatches(dataset, settings)) {
      batches += 1;
      examples += batch.examples;
      if (held.length < LOOKED_AT) held.push(batch);
      if (batches < Math.min(most, COUNTED)) continue;
      isAll = batches >= most;
      break;
    }
  if (batches === 0) return { step };
  const all = isAll ? batches : Math.max(batches, Math.round((batches * dataset.heldOutRows) / Math.max(1, examples)));
  return { step, evaluation: { batches: Math.min(most, all), batch: partsOf(held, tokens) } };
}

function partsOf(batches: readonly Batch[], most: number): BatchParts {
  let [parts, tokens, lengths, counted] = [0, 0, 0, 0];
  for (const batch of batches)
    for (const part of microBatches(batch, most)) {
      parts += 1;
      tokens += part.rows * part.length;
      lengths += part.length;
      counted += part.targets.length;
    }
  const mean = (sum: number): number => sum / Math.max(1, parts);
  return {
    parts: parts / Math.max(1, batches.length),
    ...{ tokens: mean(tokens), length: mean(lengths), counted: mean(counted) },
  };
}
