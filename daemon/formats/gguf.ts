import { join } from 'node:path';
import { writeFileAtomic, writeFolderAtomic } from './atomic.ts';
import { modelConfig } from './gguf/config.ts';
import { readHeader, type GgufHeader } from './gguf/header.ts';
import { dequantiser } from './gguf/quants.ts';
import { mapTensors, type MappedTensor } from './gguf/tensors.ts';
import { tokenizerFiles } from './gguf/tokenizer.ts';
import { readExactly, withFile } from './read.ts';
import type { DType } from './dtype.ts';
import { writeSafetensors, type TensorSource } from './safetensors.ts';

const CHUNK_BYTES = 1 << 22; // stored bytes decoded at a time

/** Encodings that safetensors has too; every other one becomes F32. */
const KEPT = new Set(['F32', 'F16', 'BF16']);

const TORCH_NAMES: Readonly<Record<string, string>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/**
 * Writes the model in a GGUF file (Llama, Mistral, Qwen2) as a Hugging Face folder: config.json, generation_config.json,
 * tokenizer.json, tokenizer_config.json and model.safetensors, whose tensors are float32 where the file holds quantised
 * blocks and as they are elsewhere. At most one tensor is in memory at a time; the folder appears whole or not at all.
 * `onProgress` gets the written fraction, 0 to 1. Errors: VeraError 'format' (the file breaks GGUF), 'model' (a model or
 * tokenizer that is not supported), 'io', 'usage' (`outDir` exists and is not empty). Format: ggml's gguf.md.
 */
export async function ggufToFolder(
  file: string,
  outDir: string,
  onProgress: (fraction: number) => void = () => undefined,
): Promise<void> {
  const header = readHeader(file);
  const config = modelConfig(header, torchType(header));
  const mapped = mapTensors(header, config);
  const files = tokenizerFiles(header, config.vocab_size);
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

/**
 * Writes only the tokenizer of a GGUF file as a folder: tokenizer.json and tokenizer_config.json, which take a second where
 * the weights take minutes. Errors as ggufToFolder.
 */
export async function ggufTokenizerToFolder(file: string, outDir: string): Promise<void> {
  const header = readHeader(file);
  const files = tokenizerFiles(header, modelConfig(header, 'float32').vocab_size);
  await writeFolderAtomic(outDir, (temporary) => {
    writeFileAtomic(join(temporary, 'tokenizer_config.json'), JSON.stringify(files.config));
    writeFileAtomic(join(temporary, 'tokenizer.json'), JSON.stringify(files.tokenizer));
  });
}

/** The float type config.json names: that of the matrices, float32 as soon as one tensor is quantised. */
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

/** Reads one tensor in chunks of whole rows, decodes it where it is quantised, and puts each row in HF's place. */
function decode(file: string, tensor: MappedTensor): Uint8Array {
  const { type, elements, length, offset, dimensions } = tensor.from;
  const keep = KEPT.has(type.name);
  const dequantise = dequantiser(type.name);
  const out = new Uint8Array(keep ? length : elements * 4);
  // One-dimensional tensors are a column of rows of one element: biases move as the rows of their matrix do.
  const rows = tensor.shape[0] ?? 1;
  const moves = tensor.interleaved !== undefined;
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

/** Where row `row` of the file stands in HF: the file alternates between the two halves of a head's rows. */
function hfRow({ interleaved }: MappedTensor, row: number): number {
  if (interleaved === undefined) return row;
  const within = row % interleaved.rows;
  return row - within + (within % 2) * (interleaved.rows / 2) + (within >> 1);
}
