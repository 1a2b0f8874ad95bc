/** Ollama's folder: manifests/HOST/OWNER/NAME/TAG (JSON with layers), whose layers are files blobs/sha256-HEX. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isObject } from '../formats/json.ts';

const MAX_MANIFEST_BYTES = 1_000_000; // published ones have under 2 kB

/** The files of a model: its GGUF file and the text of its licence. */
export interface OllamaModel {
  readonly model: string;
  readonly licence: string | undefined;
}

/** Reads a manifest. Undefined for any other file, and for a model that is not one GGUF file. */
export function readOllamaManifest(path: string): OllamaModel | undefined {
  const root = /^(.*)[\\/]manifests(?:[\\/][^\\/]+){4}$/.exec(path)?.[1];
  if (root === undefined) return undefined;
  try {
    if (statSync(path).size > MAX_MANIFEST_BYTES) return undefined;
    const json: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const layers = isObject(json) && Array.isArray(json['layers']) ? (json['layers'] as unknown[]) : [];
    const blobs = (kind: string): string[] =>
      layers.flatMap((layer) => {
        if (!isObject(layer) || layer['mediaType'] !== `application/vnd.ollama.image.${kind}`) return [];
        const [, hex] = /^sha256[:-]([0-9a-f]{64})$/.exec(String(layer['digest'])) ?? [];
        return hex === undefined ? [] : [join(root, 'blobs', `sha256-${hex}`)];
      });
    const [model, ...more] = blobs('model');
    return model === undefined || more.length > 0 ? undefined : { model, licence: blobs('license')[0] };
  } catch {
    return undefined;
  }
}
