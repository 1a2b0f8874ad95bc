import { methodNamed } from '../methods/registry.ts';
import { savings } from '../methods/savings.ts';
import { evaluationWeights, memoryEstimate, secondsEstimate, stepFootprint } from './estimate.ts';
import type { RunEventOf } from '../protocol/runEvents.ts';
import type { Prepared } from './prepare.ts';
import type { RunSettings } from './runSettings.ts';
import type { MethodSettings, StepSettings } from './settings.ts';
import type { Throughput } from './throughput.ts';

/** The estimates of a plan of these settings, to show beside what was measured; nothing for a method that makes no adapter. */
export function estimatedFigures(
  settings: StepSettings & MethodSettings & Pick<RunSettings, 'projection'>,
  prepared: Prepared,
  rates: Throughput,
): Pick<RunEventOf<'report'>, 'estimate'> {
  const { projection, precision, objective, batch, length } = settings;
  const method = methodNamed(settings.method);
  if (method.adapts !== 'linear') return {};
  const { parameters, bytes, fullBytes, gradientBytes, optimizerBytes } = savings(
    method,
    prepared.sites,
    prepared.options,
  );
  const shape = { precision, objective, batch, length };
  const evaluating = prepared.dataset.heldOutRows > 0 ? evaluationWeights(prepared.base.config, shape) : 0;
  const step = stepFootprint(prepared.base.config, prepared.adaptation, shape);
  const seconds = secondsEstimate(step, rates);
  return {
    estimate: {
      trainableParameters: parameters,
      adapterBytes: projection ? fullBytes : bytes,
      optimizerBytes: gradientBytes + optimizerBytes,
      peakRssBytes: memoryEstimate(step, parameters, { evaluating }).total,
      tokensPerSecond: (batch * length) / seconds,
    },
  };
}
