import { statedBase } from '../../export/adapter.ts';
import { VeraError } from '../../protocol/errors.ts';
import { evaluateDataset } from '../../train/evaluateDataset.ts';
import { preflightEvaluation } from '../../train/preflight.ts';
import type { Kind } from './kind.ts';

/** Measures the loss of a base, with or without an adapter, on a dataset. */
export const evaluate: Kind<'evaluate'> = {
  name: 'evaluate',

  async estimate({ settings }, options) {
    const base = settings.base ?? (settings.adapter === undefined ? undefined : statedBase(settings.adapter));
    if (base === undefined)
      throw new VeraError('usage', 'say which base to measure: give base, or an adapter that names its own');
    const { memory } = await preflightEvaluation({ ...settings, base }, options);
    return { memoryBytes: memory.total, details: { memory } };
  },

  run: async ({ settings }, { resolve }) => ({ result: { ...(await evaluateDataset(settings, resolve)) } }),
};
