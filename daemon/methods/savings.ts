/**
 * What an adapter costs to train, keep and send, counted from the sizes of the adapted layers alone (arXiv 2310.11454,
 * section 3.2). Sizes are exact: those of the file that the writer of adapters makes.
 */
import { adapterFileBytes } from '../formats/adapterFile.ts';
import { layoutOf } from '../layout.ts';
import type { LinearSite } from '../models/adaptation.ts';
import type { LinearMethod, MethodOptions } from './method.ts';
import { rankOf } from './options.ts';

/** What is kept of an adapter, and what training it keeps beside the model. Sizes in bytes. */
export interface Savings {
  /** Of a method that has one. */
  readonly rank: number | null;
  /** Trained numbers. */
  readonly parameters: number;
  /** They alone, as float32: the paper's "required bytes". */
  readonly valueBytes: number;
  /** adapter_model.safetensors, without what is made again from the options (VeRA's A and B). */
  readonly bytes: number;
  /** The same with all that PEFT writes by default. */
  readonly fullBytes: number;
  /** The gradient of one step, in float32. */
  readonly gradientBytes: number;
  /** Adam's two moments, in float32. */
  readonly optimizerBytes: number;
}

const FLOAT32 = 4;
const MOMENTS = 2; // of Adam: the mean of the gradient and of its square

export function savings(method: LinearMethod, sites: readonly LinearSite[], options: MethodOptions): Savings {
  const trained = method.tensors(sites, options);
  const parameters = layoutOf(trained).size;
  return {
    rank: rankOf(options),
    parameters,
    valueBytes: FLOAT32 * parameters,
    bytes: adapterFileBytes(trained),
    fullBytes: adapterFileBytes(trained, method.frozen?.tensors(sites, options)),
    gradientBytes: FLOAT32 * parameters,
    optimizerBytes: MOMENTS * FLOAT32 * parameters,
  };
}
