import { savings } from '../methods/savings.ts';
import { memoryEstimate, secondsEstimate, stepFootprint } from './estimate.ts';
import type { RunEventOf } from '../protocol/runEvents.ts';
import type { Prepared } from './prepare.ts';
import { methodOptions, type ReadySettings } from './settings.ts';
import { measureThroughput } from './throughput.ts';

/** What a plan of these settings estimates, to be shown beside what was measured; nothing for `full`, which has no plan. */
export async function estimatedFigures(
  settings: ReadySettings,
  prepared: Prepared,
): Promise<Pick<RunEventOf<'report'>, 'estimate'>> {
  const { method, projection, precision, objective, batch, length, threads } = settings;
  const { rank } = methodOptions(settings);
  if (method !== 'vera' && method !== 'lora') return {};
  const { parameters, bytes, fullBytes, gradientBytes, optimizerBytes } = savings(method, prepared.sites, rank);
  const step = stepFootprint(prepared.base.config, prepared.adaptation, { precision, objective, batch, length });
  const seconds = secondsEstimate(step, await measureThroughput(precision, threads));
  return {
    estimate: {
      trainableParameters: parameters,
      adapterBytes: projection ? fullBytes : bytes,
      optimizerBytes: gradientBytes + optimizerBytes,
      peakRssBytes: memoryEstimate(step, parameters).total,
      tokensPerSecond: (batch * length) / seconds,
    },
  };
}
