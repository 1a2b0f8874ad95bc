import { DEFAULTS } from '../methods/method.ts';
import { methodNamed } from '../methods/registry.ts';
import { savings, type Savings } from '../methods/savings.ts';
import type { LinearSite } from '../models/adaptation.ts';
import type { ModelConfig } from '../models/model.ts';
import { memoryEstimate, type MemoryEstimate, secondsEstimate, stepFootprint, type StepShape } from './estimate.ts';
import type { Throughput } from './throughput.ts';

/** A way to train, counted and estimated; times in seconds, sizes in bytes. */
export interface Plan extends Savings {
  readonly method: 'vera' | 'lora';
  readonly memory: MemoryEstimate;
  readonly secondsPerStep: number;
}

/** What training an adapter of this rank on these layers takes, at the rates this machine reached. */
export function planOf(
  method: 'vera' | 'lora',
  config: ModelConfig,
  sites: readonly LinearSite[],
  rank: number,
  shape: StepShape,
  rates: Throughput,
): Plan {
  const counted = savings(method, sites, rank);
  const adaptation = methodNamed(method).create(sites, { ...DEFAULTS, rank, alpha: rank }, []);
  const step = stepFootprint(config, adaptation, shape);
  const memory = memoryEstimate(step, counted.parameters);
  return { method, ...counted, memory, secondsPerStep: secondsEstimate(step, rates) };
}
