import { basename } from 'node:path';
import { z } from 'zod';
import { merge as format } from '../../export/formats/merge.ts';
import { writeExport } from '../../export/writeExport.ts';
import { base } from '../../protocol/training.ts';
import { path } from '../../protocol/values.ts';
import { writeStaged } from '../staged.ts';
import { defineKind } from './kind.ts';
import { checkSource, noSource, source, sourceFolder, sourceText } from './source.ts';
import { recordWritten } from './written.ts';

const spec = z.strictObject({ kind: z.literal('merge'), ...source, base: base.optional(), out: path });
export type MergeSpec = z.infer<typeof spec>;

interface Task extends Pick<MergeSpec, 'out' | 'base'> {
  /** The adapter's folder. */
  readonly dir: string;
}

export const merge = defineKind<MergeSpec, Task>({
  ...{ name: 'merge', summary: 'writes the base with an adapter in its weights', spec },
  ...{ computes: true, pauses: false, adapters: ['adapter'] },
  title: (asked, adapter) => `Merge ${sourceText(asked, adapter)} into ${basename(asked.out)}`,
  output: ({ out }) => out,

  check(asked, given) {
    checkSource(asked, given);
    if (asked.adapter === undefined && asked.adapterDir === undefined) throw noSource();
  },

  async task(asked, context) {
    const dir = await sourceFolder(asked, context);
    if (dir === undefined) throw noSource();
    return { dir, base: asked.base, out: asked.out };
  },

  async estimate({ dir, base: given }, options) {
    const { statedBase } = await import('../../export/adapter.ts');
    const { PROCESS_BYTES } = await import('../../train/estimate.ts');
    const { modelMemory } = await import('../../train/plan.ts');
    const stated = given ?? statedBase(dir);
    const memoryBytes = PROCESS_BYTES + (stated === undefined ? 0 : await modelMemory(stated, options));
    return { memoryBytes, details: {} };
  },

  async run({ dir, base: given, out }, { resolve, folder }) {
    const { openAdapter } = await import('../../export/openAdapter.ts');
    const result = await writeStaged(out, folder, async (staging) =>
      writeExport(format, { dir: staging, out }, await openAdapter(dir, given, resolve), {}, resolve),
    );
    return { result };
  },

  async commit(change, job, { result }) {
    const { spec: asked } = job;
    await recordWritten(change, job, asked, { kind: 'merge', path: asked.out, details: result });
    return {};
  },
});
