import { basename } from 'node:path';
import { z } from 'zod';
import { VeraError } from '../../protocol/errors.ts';
import { quote } from '../../formats/quote.ts';
import { settingValue } from '../../protocol/settings.ts';
import { base } from '../../protocol/training.ts';
import { settingError } from '../../settings/setting.ts';
import { path } from '../../protocol/values.ts';
import type { EvaluationRequest } from '../../train/evaluateDataset.ts';
import { completeEvaluation } from '../../train/evaluateSettings.ts';
import { defineKind } from './kind.ts';
import { checkSource, source, sourceFolder, sourceText } from './source.ts';

const spec = z
  .object({ kind: z.literal('evaluate'), data: path, base: base.optional(), ...source })
  /** Settings of an evaluation by name, checked as those of a training run. */
  .catchall(settingValue.optional());
export type EvaluateSpec = z.infer<typeof spec>;

export const evaluate = defineKind<EvaluateSpec, EvaluationRequest>({
  ...{ name: 'evaluate', summary: 'measures the loss of a base, with or without an adapter, on a dataset', spec },
  ...{ computes: true, pauses: false, adapters: ['adapter'] },
  title: (asked, adapter) => `Evaluate ${sourceText(asked, adapter) || 'the base'} on ${basename(asked.data)}`,

  check(asked, given) {
    checkSource(asked, given);
    if (asked.base === undefined && asked.adapter === undefined && asked.adapterDir === undefined)
      throw new VeraError('usage', 'say what to measure: give base, adapter or adapterDir');
    settingsOf(asked);
    if (given.isMissing(asked.data)) throw new VeraError('data', `${quote(asked.data)} is not there`);
  },

  async task(asked, context) {
    const { data, base: given } = asked;
    const adapter = await sourceFolder(asked, context);
    return {
      ...{ data, settings: settingsOf(asked) },
      ...(given === undefined ? {} : { base: given }),
      ...(adapter === undefined ? {} : { adapter }),
    };
  },

  async estimate(request, options) {
    const { statedBase } = await import('../../export/adapter.ts');
    const { planEvaluation } = await import('../../train/plan.ts');
    const stated = request.base ?? (request.adapter === undefined ? undefined : statedBase(request.adapter));
    if (stated === undefined)
      throw settingError('choose a base model, or an adapter that names its own', 'base', 'adapter');
    const { memory } = await planEvaluation({ ...request, base: stated }, options);
    return { memoryBytes: memory.total, details: { memory } };
  },

  async run(request, { resolve }) {
    const { evaluateDataset } = await import('../../train/evaluateDataset.ts');
    return { result: { ...(await evaluateDataset(request, resolve)) } };
  },
});

function settingsOf(asked: EvaluateSpec): EvaluationRequest['settings'] {
  const { kind: _, data: __, base: ___, adapter: ____, adapterDir: _____, ...settings } = asked;
  return completeEvaluation(settings);
}
