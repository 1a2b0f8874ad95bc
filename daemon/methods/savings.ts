/**
 * What an adapter costs to train, keep and send, counted from the sizes of the adapted layers alone (arXiv 2310.11454,
 * section 3.2). Sizes are exact: those of the file that the writer of adapters makes.
 */
import { adapterFileBytes } from '../formats/adapterFile.ts';
import type { LinearSite } from '../models/adaptation.ts';
import { methodNamed } from './registry.ts';

/** What is kept of an adapter, and what training it keeps beside the model. Sizes in bytes. */
export interface Savings {
  readonly rank: number;
  /** Trained numbers. */
  readonly parameters: number;
  /** They alone, as float32: the paper's "required bytes". */
  readonly valueBytes: number;
  /** adapter_model.safetensors; of VeRA without A and B, which come back from the key. */
  readonly bytes: number;
  /** The same with VeRA's A and B in it, as PEFT writes it by default. */
  readonly fullBytes: number;
  /** The gradient of one step, in float32. */
  readonly gradientBytes: number;
  /** Adam's two moments, in float32. */
  readonly optimizerBytes: number;
}

const FLOAT32 = 4;
const MOMENTS = 2; // of Adam: the mean of the gradient and of its square

export function savings(method: 'vera' | 'lora', sites: readonly LinearSite[], rank: number): Savings {
  const counted = methodNamed(method);
  const parameters = sites.reduce((sum, site) => sum + counted.count(site, rank), 0);
  return {
    rank,
    parameters,
    valueBytes: FLOAT32 * parameters,
    bytes: adapterFileBytes(method, sites, rank, { projection: false }),
    fullBytes: adapterFileBytes(method, sites, rank, { projection: true }),
    gradientBytes: FLOAT32 * parameters,
    optimizerBytes: MOMENTS * FLOAT32 * parameters,
  };
}
