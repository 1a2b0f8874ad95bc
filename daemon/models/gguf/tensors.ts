import type { GgufHeader, GgufTensor } from '../../formats/gguf/header.ts';
import { dequantiser } from '../../formats/gguf/quants.ts';
import { quote } from '../../formats/quote.ts';
import { VeraError } from '../../protocol/errors.ts';
import type { GgufForm, ModelConfig, ModelFamily } from '../model.ts';

/** A tensor of the file, with its name and shape in a Hugging Face checkpoint. */
export interface MappedTensor {
  readonly name: string;
  /** Hugging Face's order: [out, in] for a matrix. */
  readonly shape: readonly number[];
  readonly from: GgufTensor;
  /**
   * Rows per head, if the file interleaves the two halves of each head's rows for rotary embeddings: row h * rows +
   * half * rows/2 + i of the checkpoint is row h * rows + 2 i + half of the file.
   */
  readonly headRows?: number;
}

/** Tensors that follow from the configuration. A Hugging Face checkpoint has none of them. */
const DERIVED = /^(rope_freqs\.weight|blk\.\d+\.(attn_rot_embd|rope_freqs)(\.weight)?)$/;

/**
 * Finds each tensor of the family's list in the file. Throws VeraError 'model' with the name of a tensor that is missing, has
 * another shape or is not part of the model.
 */
export function mapTensors(
  header: GgufHeader,
  family: ModelFamily,
  form: GgufForm,
  config: ModelConfig,
): MappedTensor[] {
  const { where } = header;
  const mapped: MappedTensor[] = [];
  const used = new Set<string>();
  for (const { name, shape } of family.tensors(config)) {
    const from = form.tensor(name);
    const entry = header.tensors.get(from);
    if (entry === undefined)
      throw new VeraError('model', `${where}: tensor ${from} is missing; the file is not complete`);
    const dimensions = [...shape].reverse();
    if (entry.dimensions.join() !== dimensions.join()) {
      throw new VeraError(
        'model',
        `${where}: tensor ${from} has the shape [${entry.dimensions.join()}], expected [${dimensions.join()}]`,
      );
    }
    refuseEncoding(entry, where);
    used.add(from);
    const headRows = form.interleavedRows?.(config, name);
    mapped.push({ name, shape, from: entry, ...(headRows === undefined ? {} : { headRows }) });
  }
  for (const name of header.tensors.keys()) {
    if (used.has(name) || DERIVED.test(name)) continue;
    throw new VeraError(
      'model',
      `${where}: tensor ${quote(name)} is not part of a model of the architecture ${config.architecture} as supported here`,
    );
  }
  return mapped;
}

/** Refuses an encoding before anything is written, rather than in the middle of a conversion. */
function refuseEncoding({ name, type }: GgufTensor, where: string): void {
  try {
    dequantiser(type.name);
  } catch (cause) {
    throw new VeraError(
      'model',
      `${where}: tensor ${name} is ${(cause as Error).message}; use another file of the model`,
      {
        cause,
      },
    );
  }
}
