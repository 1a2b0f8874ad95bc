import { methodNamed } from '../methods/registry.ts';
import { savings } from '../methods/savings.ts';
import { memoryEstimate, secondsEstimate, stepFootprint } from './estimate.ts';
import type { RunEventOf } from '../protocol/runEvents.ts';
import type { Prepared } from './prepare.ts';
import type { RunSettings } from './runSettings.ts';
import type { MethodSettings, StepSettings } from './settings.ts';
import { measureThroughput } from './throughput.ts';

/** The estimates of a plan of these settings, to show beside what was measured; nothing for a method that makes no adapter. */
export async function estimatedFigures(
  settings: StepSettings & MethodSettings & Pick<RunSettings, 'projection'>,
  prepared: Prepared,
): Promise<Pick<RunEventOf<'report'>, 'estimate'>> {
  const { projection, precision, objective, batch, length, threads } = settings;
  const method = methodNamed(settings.method);
  if (method.adapts !== 'linear') return {};
  const { parameters, bytes, fullBytes, gradientBytes, optimizerBytes } = savings(
    method,
    prepared.sites,
    prepared.options,
  );
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
