import { isObject } from '../formats/json.ts';
import { ENCODINGS, type Encoding } from '../data/encodings.ts';
import type { RowOptions } from '../data/dataset.ts';
import { EVALUATION_GROUP } from './evaluationSettings.ts';

/** Which rows a run trained on: what is needed to find the others. An adapter's folder holds it among the facts of its run. */
export interface TrainedOn extends RowOptions {
  /** A dataset file, or a folder. */
  readonly data: string;
  /** Hash of its content at that time. */
  readonly dataset: string;
}

/** From the settings of a run. */
export function trainedOn(settings: RowOptions & { readonly data: string }, dataset: string): TrainedOn {
  const { data, heldOut, maxExamples, format, columns, encoding, onBadRow } = settings;
  return {
    ...{ data, dataset, heldOut, onBadRow },
    ...(maxExamples === undefined ? {} : { maxExamples }),
    ...(format === undefined ? {} : { format }),
    ...(columns === undefined ? {} : { columns }),
    ...(encoding === undefined ? {} : { encoding }),
  };
}

/** From the facts of a run in an adapter's folder, or its settings in the catalog; undefined if they do not say it. */
export function readTrainedOn(run: unknown): TrainedOn | undefined {
  if (!isObject(run)) return undefined;
  const { data, dataset, heldOut, maxExamples, format, columns, encoding, onBadRow } = run;
  if (typeof data !== 'string' || typeof dataset !== 'string') return undefined;
  const standard = EVALUATION_GROUP.settings[0].default;
  return {
    ...{ data, dataset, heldOut: typeof heldOut === 'number' ? heldOut : standard },
    onBadRow: onBadRow === 'skip' ? 'skip' : 'error',
    ...(typeof maxExamples === 'number' ? { maxExamples } : {}),
    ...(typeof format === 'string' ? { format } : {}),
    ...(typeof columns === 'string' ? { columns } : {}),
    ...(isEncoding(encoding) ? { encoding } : {}),
  };
}

const isEncoding = (value: unknown): value is Encoding => ENCODINGS.some((one) => one.value === value);
