import { z } from 'zod';
import { DEFAULT_LENGTH, LENGTHS } from '../data/settings.ts';
import { rowFormatNamed } from '../data/formats/registry.ts';

const text = z
  .string()
  .trim()
  .transform((value) => (value === '' ? undefined : value))
  .nullish()
  .transform((value) => value ?? undefined);

/**
 * The settings of a client: its initialization options, or the section `veraStudio.dataset` of its configuration. A value that is
 * wrong or missing falls back to the default, so that a typing error in a settings file stops nothing.
 */
export const settingsSchema = z.object({
  /** The base model whose tokenizer and chat template are used: a folder, a GGUF file or the hub id of a downloaded model. */
  base: text.catch(undefined),
  /** Context length in training: tokens that training uses of a row. */
  length: z.int().min(LENGTHS.least).max(LENGTHS.most).catch(DEFAULT_LENGTH),
  /** The name of a row format, instead of detecting it. */
  format: text.transform((name) => rowFormatNamed(name)?.name).catch(undefined),
  /** Which column is read as what, as in prompt=frage,completion=antwort. */
  columns: text.catch(undefined),
  lossOn: z.enum(['answer', 'all']).catch('answer'),
  /** Training speed measured on this machine with this base; 0 if unknown. */
  tokensPerSecond: z.number().min(0).max(1e9).catch(0),
  /** The most diagnostics that are sent for a file. The others are only counted. */
  maxProblems: z.int().min(1).max(10_000).catch(1000),
});

export type Settings = z.output<typeof settingsSchema>;

/** Reads settings from whatever a client sent. */
export function settingsFrom(value: unknown): Settings {
  const given = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  return settingsSchema.parse(given);
}

export const SECTION = 'veraStudio.dataset';
