import { VeraError } from '../../protocol/errors.ts';
import { quote } from '../../formats/quote.ts';
import { readExactly, withFile } from '../../formats/read.ts';
import { dequantiser } from '../../formats/gguf/quants.ts';
import type { GgufHeader } from '../../formats/gguf/header.ts';
import type { Metadata } from '../../formats/gguf/metadata.ts';

/** The values that Llama 3.1 to 3.3 were released with. A GGUF file holds only their result: one factor per frequency. */
const LLAMA3 = { low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 };

/** The rope_scaling of config.json, from the `rope.scaling.*` keys or from the factors that Llama 3.1 and later store as a tensor. */
export function ropeScaling(
  header: GgufHeader,
  meta: Metadata,
  architecture: string,
  headDim: number,
  theta: number,
): Record<string, unknown> | null {
  const key = (suffix: string): string => `${architecture}.rope.${suffix}`;
  const factors = readFactors(header, headDim);
  if (factors !== undefined && factors.some((factor) => factor !== 1)) return llama3(header.where, factors, theta);
  const factor = meta.number(key('scaling.factor')) ?? meta.number(key('scale_linear')) ?? 1;
  const type = meta.text(key('scaling.type')) ?? (factor === 1 ? 'none' : 'linear');
  if (type === 'none' || (type === 'linear' && factor === 1)) return null;
  if (factor <= 0)
    throw new VeraError('model', `${header.where}: ${key('scaling.factor')} is ${factor}; it must be positive`);
  if (type === 'linear') return { rope_type: 'linear', type: 'linear', factor };
  throw new VeraError(
    'model',
    `${header.where}: rope scaling ${quote(type)} is not supported; none, linear and llama3 are: use a file of the model without extended context`,
  );
}

function readFactors(header: GgufHeader, headDim: number): Float32Array | undefined {
  const entry = header.tensors.get('rope_freqs.weight');
  if (entry === undefined) return undefined;
  if (entry.elements !== headDim / 2) {
    throw new VeraError(
      'model',
      `${header.where}: tensor rope_freqs.weight has ${entry.elements} factors, not ${headDim / 2}`,
    );
  }
  const factors = new Float32Array(entry.elements);
  dequantiser(entry.type.name)(
    withFile(header.path, (fd) => readExactly(fd, header.path, entry.offset, entry.length)),
    factors,
  );
  return factors;
}

/** Finds the `llama3` parameters whose formula gives these factors. With any others, training would use wrong positions. */
function llama3(where: string, factors: Float32Array, theta: number): Record<string, unknown> {
  const scaling = { rope_type: 'llama3', factor: Math.max(...factors), ...LLAMA3 };
  const fits = factors.every((factor, i) => {
    const expected = llama3Factor(theta ** (-i / factors.length), scaling);
    return Math.abs(factor - expected) <= 1e-3 * expected;
  });
  if (!fits) {
    throw new VeraError(
      'model',
      `${where}: the factors in tensor rope_freqs.weight are not those of Llama 3.1's rope scaling; other factors are not supported`,
    );
  }
  return scaling;
}

/** What Llama 3.1 divides a rotary frequency (radians per position) by: 1 for short waves, `factor` for long ones, smooth between. */
export function llama3Factor(frequency: number, scaling: { factor: number } & typeof LLAMA3): number {
  const turns = (scaling.original_max_position_embeddings * frequency) / (2 * Math.PI);
  if (turns > scaling.high_freq_factor) return 1;
  if (turns < scaling.low_freq_factor) return scaling.factor;
  const smooth = (turns - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor);
  return 1 / ((1 - smooth) / scaling.factor + smooth);
}
