import { z } from 'zod';
import { exportFormat } from '../../export/formats/registry.ts';
import { exportOptionsOf, writeExport } from '../../export/writeExport.ts';
import { settingValues } from '../../protocol/settings.ts';
import { base } from '../../protocol/training.ts';
import { path } from '../../protocol/values.ts';
import type { SettingValues } from '../../settings/setting.ts';
import { writeStaged } from '../staged.ts';
import { defineKind, littleMemory } from './kind.ts';
import { merge } from './merge.ts';
import { checkSource, noSource, source, sourceFolder, sourceText } from './source.ts';
import { recordWritten } from './written.ts';

const spec = z.strictObject({
  kind: z.literal('export'),
  ...source,
  base: base.optional(),
  /** A name that `adapters.exportFormats` lists. */
  format: z.string().max(100),
  /** The format's own options by name; each has a default. */
  options: settingValues.optional(),
  /** The option of this name, as jobs before version 0.2 gave it. */
  projection: z.boolean().optional(),
  out: path,
});
export type ExportSpec = z.infer<typeof spec>;

interface Task extends Pick<ExportSpec, 'format' | 'out' | 'base'> {
  /** The adapter's folder. */
  readonly dir: string;
  /** The format's own options. */
  readonly options: SettingValues;
}

export const exported = defineKind<ExportSpec, Task>({
  ...{ name: 'export', summary: 'writes an adapter in a format for other programs', spec },
  ...{ computes: false, pauses: false, adapters: ['adapter'] },
  title: (asked, adapter) => `Export ${sourceText(asked, adapter)} as ${asked.format}`,
  output: ({ out }) => out,

  check(asked, given) {
    checkSource(asked, given);
    if (asked.adapter === undefined && asked.adapterDir === undefined) throw noSource();
    optionsOf(asked);
  },

  async task(asked, context) {
    const dir = await sourceFolder(asked, context);
    if (dir === undefined) throw noSource();
    const { base: given, format, out } = asked;
    return { dir, base: given, format, options: optionsOf(asked), out };
  },

  estimate: async ({ format, ...task }, options) =>
    exportFormat(format).job === 'merge' ? merge.estimate(task, options) : littleMemory(),

  async run({ dir, base: given, format, options, out }, { resolve, folder }) {
    const { openAdapter } = await import('../../export/openAdapter.ts');
    const result = await writeStaged(out, folder, async (staging) =>
      writeExport(
        exportFormat(format),
        { dir: staging, out },
        await openAdapter(dir, given, resolve),
        options,
        resolve,
      ),
    );
    return { result };
  },

  async commit(change, job, { result }) {
    const { spec: asked } = job;
    await recordWritten(change, job, asked, { kind: asked.format, path: asked.out, details: result });
    return {};
  },
});

/** The options of the format, complete. Throws VeraError 'usage' for an unknown format or option. */
function optionsOf({ format, options, projection }: ExportSpec): SettingValues {
  const older = projection === undefined ? {} : { projection };
  return exportOptionsOf(exportFormat(format), { ...older, ...options });
}
