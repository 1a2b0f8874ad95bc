import { join } from 'node:path';
import { writeFolderAtomic } from '../../formats/atomic.ts';
import { encodeFloats } from '../../formats/float.ts';
import { writeSafetensors } from '../../formats/safetensors.ts';
import { adapterTensors } from '../adapter.ts';
import { peftConfig } from '../peft-config.ts';
import type { ExportFormat } from './format.ts';

export const FILE = 'adapter.safetensors';

/** One file that needs no other: the tensors by PEFT's names, and in its metadata what PEFT keeps in adapter_config.json. */
export const safetensors: ExportFormat = {
  name: 'safetensors',
  summary: `one file, ${FILE}, with the tensors and all settings in its metadata`,
  async write(dir, adapter, { projection }) {
    const stores = adapter.method === 'vera' && projection;
    const tensors = [...adapterTensors(adapter, projection)].map(([name, { shape, data }]) => ({
      name,
      dtype: 'F32' as const,
      shape,
      bytes: () => encodeFloats('F32', data),
    }));
    const { method, targets, baseFingerprint } = adapter;
    const metadata = {
      format: 'pt',
      adapter_config: JSON.stringify(peftConfig(adapter, stores)),
      method,
      targets,
      ...(baseFingerprint === undefined ? {} : { base_fingerprint: baseFingerprint }),
    };
    await writeFolderAtomic(dir, (temporary) => writeSafetensors(join(temporary, FILE), tensors, metadata));
  },
};
