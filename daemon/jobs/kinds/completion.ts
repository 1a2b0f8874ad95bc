import { basename } from 'node:path';
import { z } from 'zod';
import { adapterName } from '../../catalog/adapters.ts';
import type { CompletionRequest } from '../../evaluation/evaluateCompletions.ts';
import { completeCompletion, type CompletionSettings } from '../../evaluation/settings.ts';
import { quote } from '../../formats/quote.ts';
import { VeraError } from '../../protocol/errors.ts';
import { settingValue } from '../../protocol/settings.ts';
import { base } from '../../protocol/training.ts';
import { path, ref } from '../../protocol/values.ts';
import { settingError } from '../../settings/setting.ts';
import { namedAdapter } from '../named.ts';
import { defineKind } from './kind.ts';
import { checkAdapterFolder } from './source.ts';

const MAX_ADAPTERS = 16;

const spec = z
  .object({
    kind: z.literal('completion'),
    data: path,
    base: base.optional(),
    /** Adapters of the catalog. The base alone is always measured too. */
    adapters: z.array(ref).max(MAX_ADAPTERS).optional(),
    /** PEFT folders, which come after those. */
    adapterDirs: z.array(path).max(MAX_ADAPTERS).optional(),
    /** Put each case with its suggestions into the result. */
    texts: z.boolean().optional(),
  })
  /** Settings of the evaluation by name. */
  .catchall(settingValue.optional());
export type CompletionSpec = z.infer<typeof spec>;

export const completion = defineKind<CompletionSpec, CompletionRequest>({
  ...{ name: 'completion', summary: 'measures inline completions of a base and of adapters on held-out code', spec },
  ...{ computes: true, pauses: false, adapters: ['adapters'] },
  title({ adapters = [], adapterDirs = [], data }, adapter) {
    const count = adapters.length + adapterDirs.length;
    const first = adapter ?? (adapterDirs[0] === undefined ? 'the base' : basename(adapterDirs[0]));
    return `Evaluate completions of ${first}${count > 1 ? ` and ${count - 1} more` : ''} on ${basename(data)}`;
  },

  check(asked, given) {
    const { adapters = [], adapterDirs = [] } = asked;
    if (asked.base === undefined && adapters.length + adapterDirs.length === 0)
      throw new VeraError('usage', 'say what to measure: give adapters, adapterDirs or base');
    for (const dir of adapterDirs) checkAdapterFolder(dir, given);
    settingsOf(asked);
    if (given.isMissing(asked.data)) throw new VeraError('data', `${quote(asked.data)} is not there`);
  },

  async task(asked, { db, job, stored }) {
    const { data, base: given, adapters = [], adapterDirs = [], texts } = asked;
    const sides: CompletionRequest['adapters'][number][] = [];
    for (const adapter of adapters) {
      const id = await namedAdapter(db, adapter, job);
      sides.push({ name: (await adapterName(db, id)) ?? String(id), id, dir: await stored(id) });
    }
    return {
      ...{ data, settings: settingsOf(asked) },
      adapters: [...sides, ...adapterDirs.map((dir) => ({ name: basename(dir), id: null, dir }))],
      ...(given === undefined ? {} : { base: given }),
      ...(texts === undefined ? {} : { texts }),
    };
  },

  async estimate({ base: given, adapters, settings }, options) {
    const { statedBase } = await import('../../export/adapter.ts');
    const { planCompletions } = await import('../../evaluation/plan.ts');
    const stated = given ?? (adapters[0] && statedBase(adapters[0].dir));
    if (stated === undefined)
      throw settingError('choose a base model, or an adapter that names its own', 'base', 'adapter');
    const memory = await planCompletions(stated, settings, options);
    return { memoryBytes: memory.total, details: { memory } };
  },

  async run(request, { resolve }) {
    const { evaluateCompletions } = await import('../../evaluation/evaluateCompletions.ts');
    return { result: { ...(await evaluateCompletions(request, resolve)) } };
  },
});

function settingsOf(asked: CompletionSpec): CompletionSettings {
  const { kind: _, data: __, base: ___, adapters: ____, adapterDirs: _____, texts: ______, ...settings } = asked;
  return completeCompletion(settings);
}
