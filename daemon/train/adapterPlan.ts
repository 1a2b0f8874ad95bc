import type { LinearMethod, MethodOptions } from '../methods/method.ts';
import { savings, type Savings } from '../methods/savings.ts';
import type { LinearSite } from '../models/adaptation.ts';
import type { ModelConfig } from '../models/model.ts';
import {
  evaluationWeights,
  memoryEstimate,
  type MemoryEstimate,
  secondsEstimate,
  stepFootprint,
  type StepShape,
} from './estimate.ts';
import type { Throughput } from './throughput.ts';

/** The plan of one way to train. Times in seconds, sizes in bytes. */
export interface Plan extends Savings {
  readonly method: LinearMethod;
  readonly memory: MemoryEstimate;
  readonly secondsPerStep: number;
}

/** What training an adapter with these options on these layers takes, at the rates this machine reached. */
export function planOf(
  method: LinearMethod,
  config: ModelConfig,
  sites: readonly LinearSite[],
  options: MethodOptions,
  shape: StepShape,
  rates: Throughput,
): Plan {
  const counted = savings(method, sites, options);
  const adaptation = method.create(sites, options, []);
  const step = stepFootprint(config, adaptation, shape);
  const memory = memoryEstimate(step, counted.parameters, { evaluating: evaluationWeights(config, shape) });
  return { method, ...counted, memory, secondsPerStep: secondsEstimate(step, rates) };
}
