/** The tensors of an adapter as PEFT names them in adapter_model.safetensors (PEFT 0.21), and how large that file is. */
import { safetensorsBytes } from './safetensors.ts';

export const LORA_A = 'lora_A.weight';
export const LORA_B = 'lora_B.weight';
export const LAMBDA_B = 'vera_lambda_b';
export const LAMBDA_D = 'vera_lambda_d';

/** A linear layer that is adapted: its name in the model, and its widths. */
export interface AdaptedLayer {
  readonly path: string;
  readonly dIn: number;
  readonly dOut: number;
}

type Tensor = readonly [name: string, shape: number[]];

/** A layer's tensors, in the order they are written. */
const TENSORS: Readonly<Record<'vera' | 'lora', (layer: AdaptedLayer, rank: number) => Tensor[]>> = {
  vera: ({ dOut }, rank) => [
    [LAMBDA_B, [dOut]],
    [LAMBDA_D, [rank]],
  ],
  lora: ({ dIn, dOut }, rank) => [
    [LORA_A, [rank, dIn]],
    [LORA_B, [dOut, rank]],
  ],
};

/** Bytes of adapter_model.safetensors. projection: with VeRA's A and B in it. */
export function adapterFileBytes(
  method: 'vera' | 'lora',
  layers: readonly AdaptedLayer[],
  rank: number,
  { projection }: { projection: boolean },
): number {
  const shared: Tensor[] =
    projection && method === 'vera'
      ? [
          ['base_model.vera_A', [rank, Math.max(...layers.map(({ dIn }) => dIn))]],
          ['base_model.vera_B', [Math.max(...layers.map(({ dOut }) => dOut)), rank]],
        ]
      : [];
  const own = layers.flatMap((layer) =>
    TENSORS[method](layer, rank).map(([name, shape]): Tensor => [`base_model.model.${layer.path}.${name}`, shape]),
  );
  return safetensorsBytes(
    [...shared, ...own].map(([name, shape]) => ({ name, dtype: 'F32' as const, shape })),
    { format: 'pt' },
  );
}
