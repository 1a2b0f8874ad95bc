import type { Pipeline } from './pipeline.ts';

/** The parts of the pipeline's unigram model that this file uses. */
interface Unigram {
  encode(tokens: string[]): string[];
  tokens_to_ids: Map<string, number>;
}

const encoder = new TextEncoder();

/** Makes a unigram pipeline obey `byte_fallback`: what the vocabulary lacks becomes the tokens of its bytes, not `<unk>`. */
export function obeyByteFallback(pipeline: Pipeline, json: Record<string, unknown>): void {
  const declared = json['model'] as { type?: unknown; byte_fallback?: unknown } | undefined;
  if (declared?.type !== 'Unigram' || declared.byte_fallback !== true) return;
  const model = pipeline.model as Unigram;
  const encode = model.encode.bind(model);
  model.encode = (tokens) =>
    encode(tokens).flatMap((token) => {
      if (model.tokens_to_ids.has(token)) return [token];
      const bytes = Array.from(encoder.encode(token), byteToken);
      return bytes.every((byte) => model.tokens_to_ids.has(byte)) ? bytes : [token];
    });
}

const byteToken = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
