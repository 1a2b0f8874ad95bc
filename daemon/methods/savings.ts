/**
 * What an adapter costs to train, store and send, counted from the sizes of the adapted layers (arXiv 2310.11454,
 * section 3.2). Sizes of files are exact.
 */
import { adapterFileBytes } from '../formats/adapterFile.ts';
import { layoutOf } from '../layout.ts';
import type { LinearSite } from '../models/adaptation.ts';
import type { LinearMethod, MethodOptions } from './method.ts';
import { rankOf } from './options.ts';

/** The size of an adapter, and the memory that training it needs beside the model. Sizes in bytes. */
export interface Savings {
  /** Null for a method without a rank. */
  readonly rank: number | null;
  /** Number of trained parameters. */
  readonly parameters: number;
  /** The parameters alone, as float32: the paper's "required bytes". */
  readonly valueBytes: number;
  /** adapter_model.safetensors without the method's frozen tensors (VeRA's A and B). */
  readonly bytes: number;
  /** The same file with them, as PEFT writes it by default. */
  readonly fullBytes: number;
  /** The gradient of one step, in float32. */
  readonly gradientBytes: number;
  /** Adam's two moments, in float32. */
  readonly optimizerBytes: number;
}

const FLOAT32 = 4;
const MOMENTS = 2; // Adam keeps the mean of the gradient and the mean of its square

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
