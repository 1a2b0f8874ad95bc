/** The file of an adapter, adapter_model.safetensors, as PEFT writes it (0.21): names of its tensors, and its size. */
import type { NamedTensor } from '../layout.ts';
import { safetensorsBytes } from './safetensors.ts';

/** Before the name of a trained tensor, which begins with the path of its layer. */
export const PREFIX = 'base_model.model.';
/** Before the name of a tensor that all layers share. */
export const SHARED_PREFIX = 'base_model.';

/** Bytes of adapter_model.safetensors, in float32. `trained`: the layers' own tensors; `shared`: those of all layers, where stored. */
export function adapterFileBytes(trained: readonly NamedTensor[], shared: readonly NamedTensor[] = []): number {
  const file = [
    ...shared.map(({ name, shape }) => ({ name: SHARED_PREFIX + name, shape })),
    ...trained.map(({ name, shape }) => ({ name: PREFIX + name, shape })),
  ];
  return safetensorsBytes(
    file.map((tensor) => ({ ...tensor, dtype: 'F32' as const, shape: [...tensor.shape] })),
    { format: 'pt' },
  );
}
