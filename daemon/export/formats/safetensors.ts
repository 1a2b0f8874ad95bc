import { join } from 'node:path';
import { writeFolderAtomic } from '../../formats/atomic.ts';
import { encodeFloats } from '../../formats/float.ts';
import { writeSafetensors } from '../../formats/safetensors.ts';
import { startsLate } from '../../methods/start.ts';
import { adapterTensors, configOf } from '../adapter.ts';
import type { ExportFormat } from './format.ts';
import { adapterBytes, differenceOf, projection, storesProjection } from './peft.ts';

const FILE = 'adapter.safetensors';

/** One file that needs no other: the tensors by PEFT's names, and in its metadata what PEFT keeps in adapter_config.json. */
export const safetensors: ExportFormat = {
  name: 'safetensors',
  label: 'One safetensors file',
  summary: `one file, ${FILE}, with the tensors and all settings in its metadata`,
  losses: 'Loses nothing, but PEFT cannot read it as it is.',
  options: [projection],
  job: 'export',
  bytes: adapterBytes,
  async write(dir, { adapter }, options) {
    const withProjection = storesProjection(options);
    const tensors = [...adapterTensors(adapter, withProjection)].map(([name, { shape, data }]) => ({
      name,
      dtype: 'F32' as const,
      shape,
      bytes: () => encodeFloats('F32', data),
    }));
    const { method, targets, baseFingerprint, options: own } = adapter;
    const metadata = {
      format: 'pt',
      adapter_config: JSON.stringify(configOf(adapter, { projection: withProjection })),
      method,
      targets,
      ...(baseFingerprint === undefined ? {} : { base_fingerprint: baseFingerprint }),
      ...(startsLate(own) ? { options: JSON.stringify(own) } : {}),
    };
    await writeFolderAtomic(dir, (temporary) => writeSafetensors(join(temporary, FILE), tensors, metadata));
    return { warning: differenceOf(adapter), details: {} };
  },
  uses: (out) => [
    {
      label: 'Read its tensors',
      program: 'python',
      args: [
        '-c',
        `from safetensors.numpy import load_file; print(load_file(${JSON.stringify(`${out}/${FILE}`)}).keys())`,
      ],
    },
  ],
};
