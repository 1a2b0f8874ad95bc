import { cacheFolder } from '../home.ts';
import { rowLength } from '../data/settings.ts';
import { isUnconverted, resolveConfig } from '../models/resolve.ts';
import { type PhaseSeconds, phaseSeconds } from '../protocol/runTime.ts';
import { adaptationOf } from './plan.ts';
import { bytesOf, runTimeOf, toMakeOf } from './runTime.ts';
import type { TrainSettings } from './settings.ts';
import type { Throughput } from './throughput.ts';

/** Bytes of text of a token, roughly. */
const BYTES_PER_TOKEN = 4;

/**
 * The phases of a run whose base is not converted yet, so that the conversion can be shown as a part of the run. `isGuess`: the
 * number of steps comes from the size of the data. Undefined if the base needs no conversion.
 */
export async function roughTime(
  settings: TrainSettings,
  rates: Throughput,
): Promise<{ seconds: PhaseSeconds; isGuess: boolean } | undefined> {
  const options = { cache: cacheFolder() };
  if (!isUnconverted(settings.base, options)) return undefined;
  const config = await resolveConfig(settings.base, options);
  const { adaptation } = adaptationOf(settings, config);
  const length = rowLength(settings.length, config.maxLength);
  const toMake = toMakeOf({ dir: undefined, fingerprint: undefined }, settings.precision, options.cache);
  const { steps, epochs, data, accumulate, batch } = settings;
  const time = runTimeOf({ config, adaptation, settings: { ...settings, length }, toMake }, rates);
  const guessed = (epochs * bytesOf(data)) / BYTES_PER_TOKEN / (accumulate * batch * length);
  return { seconds: phaseSeconds(time, steps ?? Math.max(1, Math.ceil(guessed))), isGuess: steps === undefined };
}
