import { basename } from 'node:path';
import { z } from 'zod';
import type { AdapterContent } from '../../catalog/adapters.ts';
import { nameFrom } from '../../catalog/names.ts';
import { base } from '../../protocol/training.ts';
import { path } from '../../protocol/values.ts';
import type { Outcome } from '../messages.ts';
import { contentOf } from './content.ts';
import { defineKind, littleMemory } from './kind.ts';
import { checkAdapterFolder } from './source.ts';
import { labels, takeAdapter } from './taken.ts';

const spec = z.strictObject({ kind: z.literal('import'), dir: path, base: base.optional(), ...labels });
export type ImportSpec = z.infer<typeof spec>;

interface Task {
  readonly dir: string;
  readonly base: string | undefined;
}
interface Made extends Outcome {
  readonly adapter: AdapterContent;
}

export const imported = defineKind<ImportSpec, Task, Made>({
  ...{ name: 'import', summary: 'checks a PEFT folder against its base and takes its adapter into the catalog', spec },
  ...{ computes: false, pauses: false, adapters: [] },
  title: ({ dir }) => `Import ${basename(dir)}`,
  check: ({ dir }, given) => checkAdapterFolder(dir, given),
  task: async ({ dir, base: given }) => ({ dir, base: given }),
  estimate: littleMemory,

  async run({ dir, base: given }, { resolve }) {
    const { openAdapter } = await import('../../export/openAdapter.ts');
    const { statedBase } = await import('../../export/adapter.ts');
    const opened = await openAdapter(dir, given, resolve);
    const shown = given ?? statedBase(dir) ?? opened.base.dir;
    return { result: { dir }, adapter: contentOf(opened.adapter, opened.base, shown) };
  },

  async commit(change, job, { adapter }) {
    const { spec: asked } = job;
    const standard = nameFrom(basename(asked.dir), `adapter-${job.id}`);
    const row = await takeAdapter(change, job, adapter, asked, standard);
    return { adapter: row.id, name: row.name };
  },
});
