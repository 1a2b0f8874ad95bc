/** The tensor encodings of ggml: number in the file -> name, elements in a block, bytes of a block (ggml.h, gguf.md). */
export interface TensorType {
  name: string;
  blockElements: number;
  blockBytes: number;
}

const row = (name: string, blockElements: number, blockBytes: number): TensorType => ({
  name,
  blockElements,
  blockBytes,
});

/** Encodings that can be read here. */
export const SUPPORTED_TYPES: ReadonlyMap<number, TensorType> = new Map([
  [0, row('F32', 1, 4)],
  [1, row('F16', 1, 2)],
  [2, row('Q4_0', 32, 18)],
  [3, row('Q4_1', 32, 20)],
  [6, row('Q5_0', 32, 22)],
  [7, row('Q5_1', 32, 24)],
  [8, row('Q8_0', 32, 34)],
  [12, row('Q4_K', 256, 144)],
  [13, row('Q5_K', 256, 176)],
  [14, row('Q6_K', 256, 210)],
  [30, row('BF16', 1, 2)],
]);

/** Names of the other encodings, so that an error can name them. */
const OTHER_TYPES: ReadonlyMap<number, string> = new Map(
  Object.entries({
    9: 'Q8_1',
    10: 'Q2_K',
    11: 'Q3_K',
    15: 'Q8_K',
    16: 'IQ2_XXS',
    17: 'IQ2_XS',
    18: 'IQ3_XXS',
    19: 'IQ1_S',
    20: 'IQ4_NL',
    21: 'IQ3_S',
    22: 'IQ2_S',
    23: 'IQ4_XS',
    24: 'I8',
    25: 'I16',
    26: 'I32',
    27: 'I64',
    28: 'F64',
    29: 'IQ1_M',
    34: 'TQ1_0',
    35: 'TQ2_0',
    39: 'MXFP4',
  }).map(([id, name]) => [Number(id), name]),
);

/** The name of the type with this number, for errors. */
export function typeName(id: number): string {
  return SUPPORTED_TYPES.get(id)?.name ?? OTHER_TYPES.get(id) ?? `number ${id}`;
}

/** The supported encodings as a list for errors: 'F32, F16, ...'. */
export function supportedTypeNames(): string {
  return [...SUPPORTED_TYPES.values()].map((type) => type.name).join(', ');
}
