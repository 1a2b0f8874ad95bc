/** Which weight format a run computes with where the choice is left to us: the fast one, where it is fast and right. */
import { cpus } from 'node:os';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { isObject } from '../formats/json.ts';
import type { ModelConfig } from '../models/model.ts';
import { readRemembered, remember } from '../models/remembered.ts';
import { methodNamed } from '../methods/registry.ts';
import { AUTO, SERVED_FORMAT, WEIGHT_FORMATS } from '../weights/registry.ts';
import { measureExactness, measureThroughput } from './throughput.ts';

const EXACT = WEIGHT_FORMATS[0]!;
const FAST = SERVED_FORMAT;

/** Products must be so much faster to be worth the rounding; a part of a step stays in float32 either way. */
const LEAST_GAIN = 1.25;
/** Narrower models train in minutes either way, so there is no reason to round. */
const LEAST_WIDTH = 384;
/** Largest relative error of a product of the largest values. Processors without instructions for it overflow: they lose half. */
const LARGEST_ERROR = 0.01;

export interface ChosenFormat {
  readonly precision: string;
  /** Why, where the choice was ours: 'its products are 2.1 times as fast as those of fp32 here'. */
  readonly why?: string;
}

/** What was measured of the fast format on this machine. */
interface Measured {
  /** Products per second beside those of the exact format. */
  readonly gain: number;
  readonly error: number;
}

/** The weight format of a run with these settings. Measures the machine if it has not been measured yet; `cache` keeps the figures. */
export async function chosenFormat(
  { precision, method, threads }: { readonly precision: string; readonly method: string; readonly threads: number },
  { hidden }: Pick<ModelConfig, 'hidden'>,
  cache: string,
): Promise<ChosenFormat> {
  if (precision !== AUTO) return { precision };
  const exact = (why: string): ChosenFormat => ({ precision: EXACT.name, why });
  const { weightFormats, label } = methodNamed(method);
  if (weightFormats?.includes(FAST.name) === false) return exact(`${label} needs it`);
  if (hidden < LEAST_WIDTH) return exact('this model is small, so exact products cost little time');
  const { gain, error } = await measured(threads, cache);
  if (error > LARGEST_ERROR) return exact(`this processor rounds products of ${FAST.name} too coarsely`);
  const times = `${gain.toFixed(1)} times as fast as those of ${EXACT.name} here`;
  if (gain < LEAST_GAIN) return exact(`products of ${FAST.name} are only ${times}`);
  return { precision: FAST.name, why: `its products are ${times}` };
}

async function measured(threads: number, cache: string): Promise<Measured> {
  const file = join(cache, 'weight-format.json');
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${threads} threads, ${manifest.version}`;
  const before = readRemembered(file)[machine];
  if (isMeasured(before)) return before;
  const { operations } = await measureThroughput(FAST.name, threads);
  const gain = operations[FAST.products]! / operations[EXACT.products]!;
  const now = { gain, error: await measureExactness(FAST.name) };
  remember(file, machine, now);
  return now;
}

const isMeasured = (value: unknown): value is Measured =>
  isObject(value) && typeof value['gain'] === 'number' && typeof value['error'] === 'number';
