import { unadapted } from '../models/adaptation.ts';
import { resolveConfig, type ResolveOptions } from '../models/resolve.ts';
import { memoryEstimate, type MemoryEstimate, stepFootprint } from '../train/estimate.ts';
import { ANSWER_TOKENS, ROWS } from './limits.ts';
import type { CompletionSettings } from './settings.ts';

/** Most memory of an evaluation of completions: the base, what one step computes, and the keys and values of every row. */
export async function planCompletions(
  base: string,
  { context, precision }: CompletionSettings,
  options: ResolveOptions,
): Promise<MemoryEstimate> {
  const config = await resolveConfig(base, options);
  const length = Math.min(config.maxLength, context + ANSWER_TOKENS);
  const step = stepFootprint(config, unadapted, { precision, batch: 1, length }, false);
  const { layers, kvHeads, headDim } = config;
  const cacheBytes = ROWS * length * 2 * layers * kvHeads * headDim * Float32Array.BYTES_PER_ELEMENT;
  const memory = memoryEstimate(step, 0);
  return { ...memory, intermediates: memory.intermediates + cacheBytes, total: memory.total + cacheBytes };
}
