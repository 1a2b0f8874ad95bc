import { cpSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Adapter, saveAdapter } from '../export/adapter.ts';
import { syncFolder, writeFolderAtomic } from '../formats/atomic.ts';
import { encodeFloats } from '../formats/float.ts';
import { readBytes, type TensorSource, writeSafetensors } from '../formats/safetensors.ts';
import { layoutOf, slice } from '../layout.ts';
import { methodNamed } from '../methods/registry.ts';
import type { Prepared } from './prepare.ts';
import type { RunSettings } from './runSettings.ts';
import { layersOf, type MethodSettings, type Places } from './settings.ts';

/** Files of a model folder that hold weights or an index of them. All other files are copied unchanged. */
const WEIGHT_FILE = /\.(safetensors|bin|pt|pth|ckpt|gguf|h5|msgpack|onnx)(\.index\.json)?$/;
/** Files that a run leaves in a base that it made. */
const OF_A_RUN = ['run.json', 'metrics.jsonl'];
/** Files that are moved in last, so a folder that has one is complete. */
const LAST = ['config.json', 'adapter_config.json'];

/**
 * Writes the result of training into the run's folder: a PEFT adapter, or, if all weights were trained, a Hugging Face model with
 * the base's files and types. The files are written elsewhere and moved in one by one, the config last, so a folder with its config
 * is whole. Returns the size of the safetensors file in bytes, and the adapter.
 */
export async function saveResult(
  settings: Places & MethodSettings & Pick<RunSettings, 'projection'>,
  prepared: Prepared,
  theta: Float32Array,
  run: Record<string, unknown>,
): Promise<{ bytes: number; adapter?: Adapter }> {
  const work = join(settings.out, '.result');
  rmSync(work, { recursive: true, force: true });
  if (methodNamed(settings.method).adapts === 'all') {
    await writeModel(work, prepared, theta);
    return { bytes: moveResult(work, settings.out) };
  }
  const { sites, options, base } = prepared;
  const adapter: Adapter = {
    method: settings.method,
    options,
    sites: [...sites],
    targets: layersOf(settings).targets,
    theta,
    baseFingerprint: base.fingerprint,
    basePath: settings.base,
    run,
  };
  await saveAdapter(work, adapter, { projection: settings.projection });
  return { bytes: moveResult(work, settings.out), adapter };
}

function moveResult(work: string, out: string): number {
  const names = readdirSync(work);
  const last = (name: string): number => Number(LAST.includes(name));
  let bytes = 0;
  for (const name of names.sort((a, b) => last(a) - last(b))) {
    if (name.endsWith('.safetensors')) bytes += statSync(join(work, name)).size;
    if (last(name)) syncFolder(out);
    // A folder of the base, for example of its tokenizer, cannot be renamed onto an older one.
    if (statSync(join(work, name)).isDirectory()) rmSync(join(out, name), { recursive: true, force: true });
    renameSync(join(work, name), join(out, name));
  }
  syncFolder(out);
  rmSync(work, { recursive: true, force: true });
  return bytes;
}

async function writeModel(dir: string, { base, adaptation }: Prepared, theta: Float32Array): Promise<void> {
  const layout = layoutOf(adaptation.parameters);
  // A copy of tied embeddings under the head's name would contradict the trained ones.
  const tensors = [...base.tensors.values()].filter(({ name }) => !(base.config.tied && name === 'lm_head.weight'));
  await writeFolderAtomic(dir, (temporary) => {
    for (const name of readdirSync(base.dir)) {
      if (WEIGHT_FILE.test(name) || name.startsWith('.') || OF_A_RUN.includes(name)) continue;
      if (statSync(join(base.dir, name)).isFile())
        cpSync(join(base.dir, name), join(temporary, name), { dereference: true });
    }
    const sources = tensors.map((entry): TensorSource => {
      const values = layout.byName.has(entry.name) ? slice(layout, theta, entry.name) : undefined;
      return {
        name: entry.name,
        dtype: entry.dtype,
        shape: entry.shape,
        bytes: () => (values ? encodeFloats(entry.dtype, values) : readBytes(entry)),
      };
    });
    writeSafetensors(join(temporary, 'model.safetensors'), sources, { format: 'pt' });
  });
}
