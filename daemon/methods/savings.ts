/**
 * What an adapter costs to train, keep and send, counted from the sizes of the adapted layers alone (arXiv 2310.11454,
 * section 3.2). Sizes are exact: those of the file that the writer of adapters makes.
 */
import { safetensorsBytes } from '../formats/safetensors.ts';
import type { LinearSite } from '../models/adaptation.ts';
import { LORA_A, LORA_B } from './lora.ts';
import { methodNamed } from './registry.ts';
import { LAMBDA_B, LAMBDA_D } from './vera.ts';

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

type Tensor = readonly [name: string, shape: number[]];

/** A layer's tensors as PEFT names them, in the order they are written. */
const TENSORS: Readonly<Record<'vera' | 'lora', (site: LinearSite, rank: number) => Tensor[]>> = {
  vera: ({ dOut }, rank) => [
    [LAMBDA_B, [dOut]],
    [LAMBDA_D, [rank]],
  ],
  lora: ({ dIn, dOut }, rank) => [
    [LORA_A, [rank, dIn]],
    [LORA_B, [dOut, rank]],
  ],
};

export function savings(method: 'vera' | 'lora', sites: readonly LinearSite[], rank: number): Savings {
  const counted = methodNamed(method);
  const parameters = sites.reduce((sum, site) => sum + counted.count(site, rank), 0);
  return {
    rank,
    parameters,
    valueBytes: FLOAT32 * parameters,
    bytes: fileBytes(method, sites, rank, false),
    fullBytes: fileBytes(method, sites, rank, true),
    gradientBytes: FLOAT32 * parameters,
    optimizerBytes: MOMENTS * FLOAT32 * parameters,
  };
}

/** Bytes of adapter_model.safetensors. */
function fileBytes(
  method: 'vera' | 'lora',
  sites: readonly LinearSite[],
  rank: number,
  withProjection: boolean,
): number {
  const shared: Tensor[] =
    withProjection && method === 'vera'
      ? [
          ['base_model.vera_A', [rank, Math.max(...sites.map(({ dIn }) => dIn))]],
          ['base_model.vera_B', [Math.max(...sites.map(({ dOut }) => dOut)), rank]],
        ]
      : [];
  const own = sites.flatMap((site) =>
    TENSORS[method](site, rank).map(([name, shape]): Tensor => [`base_model.model.${site.path}.${name}`, shape]),
  );
  return safetensorsBytes(
    [...shared, ...own].map(([name, shape]) => ({ name, dtype: 'F32' as const, shape })),
    { format: 'pt' },
  );
}
