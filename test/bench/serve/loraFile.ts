/** Writes LoRA adapters as llama.cpp reads them: GGUF files (github.com/ggml-org/ggml/blob/master/docs/gguf.md). */
import { writeFileSync } from 'node:fs';
import { seededUniform } from '../../../daemon/methods/random.ts';
import type { LinearSite } from '../../../daemon/models/adaptation.ts';

const [FLOAT32, STRING] = [6, 8];
const ALIGNMENT = 32;
const NAMES: Record<string, string> = { q_proj: 'attn_q', v_proj: 'attn_v' };

/** A LoRA adapter with random values on the query and value matrices of a Llama model. */
export function writeLora(file: string, sites: readonly LinearSite[], rank: number, seed: number): void {
  const parts: Buffer[] = [];
  const number = (bytes: 4 | 8, value: number): void => {
    const part = Buffer.alloc(bytes);
    part.writeUIntLE(value, 0, Math.min(bytes, 6));
    parts.push(part);
  };
  const text = (value: string): void => {
    number(8, Buffer.byteLength(value));
    parts.push(Buffer.from(value));
  };
  const tensors = sites.flatMap(({ path, dIn, dOut }) => {
    const [, layer, module] = /layers\.(\d+)\..*?(\w+)$/.exec(path)!;
    const name = `blk.${layer!}.${NAMES[module!]!}.weight`;
    return [
      { name: `${name}.lora_a`, dims: [dIn, rank] },
      { name: `${name}.lora_b`, dims: [rank, dOut] },
    ];
  });
  parts.push(Buffer.from('GGUF'));
  number(4, 3);
  number(8, tensors.length);
  number(8, 4);
  for (const [key, value] of [
    ['general.type', 'adapter'],
    ['general.architecture', 'llama'],
    ['adapter.type', 'lora'],
  ] as const) {
    text(key);
    number(4, STRING);
    text(value);
  }
  text('adapter.lora.alpha');
  number(4, FLOAT32);
  const alpha = Buffer.alloc(4);
  alpha.writeFloatLE(rank);
  parts.push(alpha);
  let offset = 0;
  for (const { name, dims } of tensors) {
    text(name);
    number(4, dims.length);
    for (const dim of dims) number(8, dim);
    number(4, 0); // float32
    number(8, offset);
    offset += Math.ceil((dims[0]! * dims[1]! * 4) / ALIGNMENT) * ALIGNMENT;
  }
  const pad = (): void => {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    parts.splice(
      0,
      parts.length,
      Buffer.concat([...parts, Buffer.alloc((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT)]),
    );
  };
  pad();
  const values = tensors.map(({ name, dims }) => {
    const data = seededUniform(`${name} ${seed}`, dims[0]! * dims[1]!, 0.02);
    const bytes = Buffer.alloc(Math.ceil(data.byteLength / ALIGNMENT) * ALIGNMENT);
    bytes.set(new Uint8Array(data.buffer));
    return bytes;
  });
  writeFileSync(file, Buffer.concat([...parts, ...values]));
}
