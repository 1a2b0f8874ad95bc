import { z } from 'zod';
import { rowFormatNamed } from '../data/formats/registry.ts';

const text = z
  .string()
  .trim()
  .transform((value) => (value === '' ? undefined : value))
  .nullish()
  .transform((value) => value ?? undefined);

/**
 * What a client may set, as initialization options or as the section `veraStudio.dataset` of its configuration. What is
 * wrong or missing falls back to what it was, so that a typing error in a settings file stops nothing.
 */
export const settingsSchema = z.object({
  /** Base model whose tokenizer and chat template are used: folder, GGUF file or hub id that was downloaded before. */
  base: text.catch(undefined),
  /** Tokens of a row in training. */
  length: z.int().min(2).max(1_048_576).catch(512),
  /** A row format's name, instead of the one that the first rows show. */
  format: text.transform((name) => rowFormatNamed(name)?.name).catch(undefined),
  lossOn: z.enum(['answer', 'all']).catch('answer'),
  /** Rate that was measured on this machine with this base; 0: unknown. */
  tokensPerSecond: z.number().min(0).max(1e9).catch(0),
  /** Diagnostics that are sent for a file at most; the rest is counted. */
  maxProblems: z.int().min(1).max(10_000).catch(1000),
});

export type Settings = z.output<typeof settingsSchema>;

/** Settings from whatever a client sent. */
export function settingsFrom(value: unknown): Settings {
  const given = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  return settingsSchema.parse(given);
}

export const SECTION = 'veraStudio.dataset';
