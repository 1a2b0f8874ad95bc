import { z } from 'zod';
import { ensureBase, type Base } from '../../catalog/content.ts';
import { base } from '../../protocol/training.ts';
import type { Outcome } from '../messages.ts';
import { baseOf } from './content.ts';
import { defineKind, littleMemory } from './kind.ts';

const spec = z.strictObject({ kind: z.literal('download'), base });
export type DownloadSpec = z.infer<typeof spec>;

interface Made extends Outcome {
  readonly base: Base;
}

export const download = defineKind<DownloadSpec, { readonly base: string }, Made>({
  ...{ name: 'download', summary: 'fetches or converts a base model, so that later jobs find it ready', spec },
  ...{ computes: false, pauses: false, adapters: [] },
  title: (asked) => `Download ${asked.base}`,
  task: async (asked) => ({ base: asked.base }),
  estimate: littleMemory,

  async run(task, { resolve }) {
    const { resolveBase } = await import('../../models/resolve.ts');
    const found = await resolveBase(task.base, resolve);
    return { result: { dir: found.dir, fingerprint: found.fingerprint }, base: baseOf(found, task.base) };
  },

  async commit(change, _, made) {
    await ensureBase(change, made.base);
    return {};
  },
});
