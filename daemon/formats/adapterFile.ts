/** The tensors of an adapter as PEFT names them in adapter_model.safetensors (PEFT 0.21), and how large that file is. */
import { safetensorsBytes } from './safetensors.ts';

export const LORA_A = 'lora_A.weight';
export const LORA_B = 'lora_B.weight';
export const LAMBDA_B = 'vera_lambda_b';
export const LAMBDA_D = 'vera_lambda_d';
/** Before the name of a layer. */
export const PREFIX = 'base_model.model.';
/** VeRA's A and B, where they are in the file. */
export const SHARED_A = 'base_model.vera_A';
export const SHARED_B = 'base_model.vera_B';

/** A linear layer that is adapted: its name in the model, and its widths. */
export interface AdaptedLayer {
  readonly path: string;
  readonly dIn: number;
  readonly dOut: number;
}

type Shapes = (layer: AdaptedLayer, rank: number) => readonly (readonly [name: string, shape: number[]])[];

const OF_A_LAYER: Readonly<Record<'vera' | 'lora', Shapes>> = {
  vera: ({ dOut }, rank) => [
    [LAMBDA_B, [dOut]],
    [LAMBDA_D, [rank]],
  ],
  lora: ({ dIn, dOut }, rank) => [
    [LORA_A, [rank, dIn]],
    [LORA_B, [dOut, rank]],
  ],
};

/** Names and shapes of the layers' own tensors, in the order they are written. */
export const layerTensors = (
  method: 'vera' | 'lora',
  layers: readonly AdaptedLayer[],
  rank: number,
): { name: string; shape: number[] }[] =>
  layers.flatMap((layer) =>
    OF_A_LAYER[method](layer, rank).map(([name, shape]) => ({ name: `${PREFIX}${layer.path}.${name}`, shape })),
  );

/** Bytes of adapter_model.safetensors. projection: with VeRA's A and B in it. */
export function adapterFileBytes(
  method: 'vera' | 'lora',
  layers: readonly AdaptedLayer[],
  rank: number,
  { projection }: { projection: boolean },
): number {
  const shared =
    projection && method === 'vera'
      ? [
          { name: SHARED_A, shape: [rank, Math.max(...layers.map(({ dIn }) => dIn))] },
          { name: SHARED_B, shape: [Math.max(...layers.map(({ dOut }) => dOut)), rank] },
        ]
      : [];
  return safetensorsBytes(
    [...shared, ...layerTensors(method, layers, rank)].map((tensor) => ({ ...tensor, dtype: 'F32' as const })),
    { format: 'pt' },
  );
}
