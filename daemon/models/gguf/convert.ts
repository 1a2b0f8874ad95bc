import { join } from 'node:path';
import { writeFileAtomic, writeFolderAtomic } from '../../formats/atomic.ts';
import { type GgufHeader, readHeader } from '../../formats/gguf/header.ts';
import { metadataOf } from '../../formats/gguf/metadata.ts';
import { dequantiser } from '../../formats/gguf/quants.ts';
import { tokenizerFiles, type TokenizerFiles } from '../../formats/gguf/tokenizer.ts';
import { quote } from '../../formats/quote.ts';
import { readExactly, withFile } from '../../formats/read.ts';
import type { DType } from '../../formats/dtype.ts';
import { type TensorSource, writeSafetensors } from '../../formats/safetensors.ts';
import { VeraError } from '../../protocol/errors.ts';
import type { GgufForm, ModelConfig, ModelFamily } from '../model.ts';
import { FAMILIES } from '../registry.ts';
import { type MappedTensor, mapTensors } from './tensors.ts';

const CHUNK_BYTES = 1 << 22; // stored bytes decoded at a time

/** Encodings that safetensors also has. Every other one becomes F32. */
const KEPT = new Set(['F32', 'F16', 'BF16']);

const TORCH_NAMES: Readonly<Record<string, string>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/**
 * Converts a GGUF file of any family in the registry into a Hugging Face folder: config.json, generation_config.json,
 * tokenizer.json, tokenizer_config.json and model.safetensors. Quantised tensors become float32; others keep their type. At
 * most one tensor is in memory at a time. The folder appears whole or not at all.
 * `onProgress` gets the written fraction, 0 to 1. Errors: VeraError 'format' (the file breaks GGUF), 'model' (a model or
 * tokenizer that is not supported), 'io', 'usage' (`outDir` exists and is not empty). Format: ggml's gguf.md.
 */
export async function ggufToFolder(
  file: string,
  outDir: string,
  onProgress: (fraction: number) => void = () => undefined,
): Promise<void> {
  const { config, mapped, files } = interpret(readHeader(file));
  const total = mapped.reduce((sum, tensor) => sum + tensor.from.elements, 0);
  await writeFolderAtomic(outDir, (temporary) => {
    const write = (name: string, content: unknown): void =>
      writeFileAtomic(join(temporary, name), `${JSON.stringify(content, null, 2)}\n`);
    write('config.json', config);
    write('generation_config.json', files.generation);
    write('tokenizer_config.json', files.config);
    writeFileAtomic(join(temporary, 'tokenizer.json'), JSON.stringify(files.tokenizer));
    let done = 0;
    onProgress(0);
    const sources = mapped.map((tensor): TensorSource => {
      const bytes = (): Uint8Array => {
        const data = decode(file, tensor);
        done += tensor.from.elements;
        onProgress(done / total);
        return data;
      };
      return { name: tensor.name, dtype: storedType(tensor), shape: tensor.shape, bytes };
    });
    writeSafetensors(join(temporary, 'model.safetensors'), sources, { format: 'pt' });
  });
}

/** What a file's header says about the model: config.json, where the tensors are, and the tokenizer's files. */
export function interpret(header: GgufHeader): {
  config: Record<string, unknown>;
  mapped: MappedTensor[];
  files: TokenizerFiles;
} {
  const { family, form, architecture } = familyIn(header);
  const config = configOf(header, form, architecture);
  const parsed = family.config(config, header.where);
  const mapped = mapTensors(header, family, form, parsed);
  return { config, mapped, files: tokenizerFiles(header, parsed.vocabulary, form.preTokenizer?.(architecture)) };
}

/**
 * Writes only the tokenizer of a GGUF file: a folder with tokenizer.json and tokenizer_config.json. This takes a second; the
 * weights would take minutes. It throws the same errors as `ggufToFolder`.
 */
export async function ggufTokenizerToFolder(file: string, outDir: string): Promise<void> {
  const header = readHeader(file);
  const { form, architecture } = familyIn(header);
  const rows = Number(form.config(header, architecture)['vocab_size']);
  const files = tokenizerFiles(header, rows, form.preTokenizer?.(architecture));
  await writeFolderAtomic(outDir, (temporary) => {
    writeFileAtomic(join(temporary, 'tokenizer_config.json'), JSON.stringify(files.config));
    writeFileAtomic(join(temporary, 'tokenizer.json'), JSON.stringify(files.tokenizer));
  });
}

/** The config.json of the model with this header, which may be one without its lists. */
export function headerConfig(header: GgufHeader): Record<string, unknown> {
  const { form, architecture } = familyIn(header);
  return configOf(header, form, architecture);
}

/** The config of the model in a GGUF file, after its tensors have been checked. Throws VeraError 'model' or 'format'. */
export function ggufConfig(file: string): ModelConfig {
  const header = readHeader(file);
  const { family, form, architecture } = familyIn(header);
  const config = family.config(configOf(header, form, architecture), header.where);
  mapTensors(header, family, form, config);
  return config;
}

function familyIn(header: GgufHeader): { family: ModelFamily; form: GgufForm; architecture: string } {
  const meta = metadataOf(header);
  const architecture = meta.need('general.architecture', meta.text('general.architecture'));
  for (const family of FAMILIES)
    if (family.gguf?.architectures.includes(architecture)) return { family, form: family.gguf, architecture };
  const known = FAMILIES.flatMap(({ gguf }) => gguf?.architectures ?? []);
  throw new VeraError(
    'model',
    `${header.where}: the architecture ${quote(architecture)} is not supported; supported are ${known.join(', ')}`,
  );
}

/** The family's fields, and those that every config.json has. */
function configOf(header: GgufHeader, form: GgufForm, architecture: string): Record<string, unknown> {
  const meta = metadataOf(header);
  const id = (kind: string): number | null => meta.whole(`tokenizer.ggml.${kind}_token_id`, 0) ?? null;
  return {
    ...form.config(header, architecture),
    bos_token_id: id('bos'),
    eos_token_id: id('eos'),
    pad_token_id: id('padding'),
    torch_dtype: torchType(header),
    use_cache: true,
  };
}

/** The float type for config.json: the type of the matrices, or float32 if any of them is quantised. */
function torchType(header: GgufHeader): string {
  const types = [...header.tensors.values()]
    .filter((tensor) => tensor.dimensions.length > 1)
    .map(({ type }) => type.name);
  const first = types[0] ?? 'F32';
  return (types.every((type) => type === first) ? TORCH_NAMES[first] : undefined) ?? 'float32';
}

function storedType(tensor: MappedTensor): DType {
  const type = tensor.from.type.name;
  return KEPT.has(type) ? (type as DType) : 'F32';
}

/** Reads one tensor in chunks of whole rows, decodes it if it is quantised, and puts each row where the checkpoint has it. */
function decode(file: string, tensor: MappedTensor): Uint8Array {
  const { type, elements, length, offset, dimensions } = tensor.from;
  const keep = KEPT.has(type.name);
  const dequantise = dequantiser(type.name);
  const out = new Uint8Array(keep ? length : elements * 4);
  // A one-dimensional tensor is a column of rows of one element: the elements of a bias move like the rows of its matrix.
  const rows = tensor.shape[0] ?? 1;
  const moves = tensor.headRows !== undefined;
  const rowElements = dimensions.length > 1 ? elements / rows : moves ? 1 : elements;
  const count = elements / rowElements;
  const storedRow = length / count;
  const outRow = out.length / count;
  const rowsPerChunk = Math.max(1, Math.floor(CHUNK_BYTES / storedRow));
  withFile(file, (fd) => {
    for (let first = 0; first < count; first += rowsPerChunk) {
      const n = Math.min(rowsPerChunk, count - first);
      const stored = readExactly(fd, file, offset + first * storedRow, n * storedRow);
      const target = moves ? new Uint8Array(n * outRow) : out.subarray(first * outRow, (first + n) * outRow);
      if (keep) target.set(stored);
      else dequantise(stored, new Float32Array(target.buffer, target.byteOffset, n * rowElements));
      if (!moves) continue;
      for (let i = 0; i < n; i++) {
        out.set(target.subarray(i * outRow, (i + 1) * outRow), hfRow(tensor, first + i) * outRow);
      }
    }
  });
  return out;
}

/** The place of a row of the file in the checkpoint: the file alternates between the two halves of a head's rows. */
function hfRow({ headRows }: MappedTensor, row: number): number {
  if (headRows === undefined) return row;
  const within = row % headRows;
  return row - within + (within % 2) * (headRows / 2) + (within >> 1);
}
