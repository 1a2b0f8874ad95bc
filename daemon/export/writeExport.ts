import { statSync } from 'node:fs';
import { checkSettings, defaultsOf, type SettingValues } from '../settings/setting.ts';
import type { ExportContext, ExportFormat, ExportSource } from './formats/format.ts';

/** The options of a format, complete. Throws VeraError 'usage' for one that it does not have or that is out of range. */
export function exportOptionsOf({ options }: ExportFormat, given: SettingValues): SettingValues {
  checkSettings(options, given);
  const wanted = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaultsOf(options), ...Object.fromEntries(wanted) };
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

/** Writes an adapter into the folder `dir`, which becomes `out`. Returns what a job and a command report: plain JSON. */
export async function writeExport(
  format: ExportFormat,
  { dir, out = dir }: { dir: string; out?: string },
  source: ExportSource,
  given: SettingValues,
  context: ExportContext,
): Promise<Record<string, unknown>> {
  const { check, warning, details } = await format.write(dir, source, exportOptionsOf(format, given), context);
  const { method, basePath = source.base.dir } = source.adapter;
  // transformers takes a folder or a hub id; a GGUF file was converted into a folder.
  const uses = format.uses(out, basePath, isFile(basePath) ? source.base.dir : basePath);
  return {
    out,
    format: format.name,
    method,
    ...details,
    ...(check === undefined ? {} : { check }),
    ...(warning === undefined ? {} : { warning }),
    uses,
  };
}
