import { statedBase } from '../../export/adapter.ts';
import { settingError } from '../../settings/setting.ts';
import { evaluateDataset } from '../../train/evaluateDataset.ts';
import { preflightEvaluation } from '../../train/preflight.ts';
import type { Kind } from './kind.ts';

/** Measures the loss of a base, with or without an adapter, on a dataset. */
export const evaluate: Kind<'evaluate'> = {
  name: 'evaluate',

  async estimate({ request }, options) {
    const base = request.base ?? (request.adapter === undefined ? undefined : statedBase(request.adapter));
    if (base === undefined)
      throw settingError('choose a base model, or an adapter that names its own', 'base', 'adapter');
    const { memory } = await preflightEvaluation({ ...request, base }, options);
    return { memoryBytes: memory.total, details: { memory } };
  },

  run: async ({ request }, { resolve }) => ({ result: { ...(await evaluateDataset(request, resolve)) } }),
};
