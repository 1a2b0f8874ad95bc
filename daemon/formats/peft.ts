import { existsSync, lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { VeraError } from '../protocol/errors.ts';
import { writeFileAtomic, writeFolderAtomic } from './atomic.ts';
import { containedFile } from './contain.ts';
import { encodeFloats } from './float.ts';
import { refuseForeign } from './foreign.ts';
import { parseJsonObject } from './json.ts';
import { quote } from './quote.ts';
import { notAdapter, refuseOtherConfig } from './notAdapter.ts';
import { readText } from './read.ts';
import { readFloats, readSafetensors, writeSafetensors } from './safetensors.ts';

const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';
const PICKLE = 'adapter_model.bin';
const MAX_CONFIG_BYTES = 10_000_000; // a list of target modules of a large model has some 100 kB

/** An adapter as HF PEFT stores it. `tensors` have the names of the file; their values are float32, whatever the dtype in the file. */
export interface PeftAdapter {
  config: Record<string, unknown>;
  tensors: Map<string, { shape: readonly number[]; data: Float32Array }>;
}

/** Reads `adapter_config.json` and `adapter_model.safetensors`. A pickle is recognised by its content and refused, whatever its name. */
export function readPeft(dir: string): PeftAdapter {
  if (!has(dir, CONFIG)) throw notAdapter(dir);
  const configFile = containedFile(dir, CONFIG);
  const config = parseJsonObject(readText(configFile, MAX_CONFIG_BYTES), quote(configFile));
  refuseOtherConfig(config, dir);
  if (!has(dir, WEIGHTS) && has(dir, PICKLE)) {
    const pickle = containedFile(dir, PICKLE);
    refuseForeign(pickle);
    throw new VeraError(
      'adapter',
      `${quote(dir)} has ${PICKLE} but no ${WEIGHTS}: save the adapter as safetensors (or rename the file, if it is safetensors already)`,
    );
  }
  if (!has(dir, WEIGHTS))
    throw new VeraError('adapter', `${quote(dir)} has no ${WEIGHTS}; copy that file from where the adapter comes from`);
  const tensors: PeftAdapter['tensors'] = new Map();
  for (const [name, entry] of readSafetensors(containedFile(dir, WEIGHTS)).tensors) {
    tensors.set(name, { shape: entry.shape, data: readFloats(entry) });
  }
  return { config, tensors };
}

/** Writes a folder that PEFT loads, in F32, whole or absent. A folder that exists and is not empty is refused. */
export async function writePeft(dir: string, adapter: PeftAdapter): Promise<void> {
  await writeFolderAtomic(dir, (temporary) => {
    const sources = [...adapter.tensors].map(([name, { shape, data }]) => ({
      name,
      dtype: 'F32' as const,
      shape,
      bytes: () => encodeFloats('F32', data),
    }));
    writeSafetensors(join(temporary, WEIGHTS), sources, { format: 'pt' });
    writeFileAtomic(join(temporary, CONFIG), JSON.stringify(adapter.config, null, 2) + '\n');
  });
}

// lstat of a path through a file throws whatever its options say.
const has = (dir: string, name: string): boolean =>
  existsSync(dir) && statSync(dir).isDirectory() && lstatSync(join(dir, name), { throwIfNoEntry: false }) !== undefined;
