import { basename, join } from 'node:path';
import { notAdapter } from '../../formats/notAdapter.ts';
import { VeraError } from '../../protocol/errors.ts';
import { path, ref } from '../../protocol/values.ts';
import type { Given, TaskContext } from './kind.ts';

/** Fields of a spec that say which adapter is read: one of the catalog, or a PEFT folder. */
export const source = { adapter: ref.optional(), adapterDir: path.optional() };
export interface Source {
  readonly adapter?: number | string | undefined;
  readonly adapterDir?: string | undefined;
}

/** Throws VeraError 'usage' or 'adapter'. */
export function checkSource({ adapter, adapterDir }: Source, given: Given): void {
  if (adapter !== undefined && adapterDir !== undefined)
    throw new VeraError('usage', 'give adapter (of the catalog) or adapterDir (a folder), not both');
  if (adapterDir !== undefined) checkAdapterFolder(adapterDir, given);
}

export function checkAdapterFolder(dir: string, { isMissing }: Given): void {
  if (isMissing(join(dir, 'adapter_config.json'))) throw notAdapter(dir);
}

export const noSource = (): VeraError => new VeraError('usage', 'say which adapter: give adapter, or adapterDir');

/** The adapter for a title, '' if there is none. */
export function sourceText({ adapter, adapterDir }: Source, name: string | undefined): string {
  if (adapter !== undefined) return name ?? String(adapter);
  return adapterDir === undefined ? '' : basename(adapterDir);
}

/** The folder that a worker reads the adapter from. */
export const sourceFolder = async (
  { adapter, adapterDir }: Source,
  { stored }: TaskContext,
): Promise<string | undefined> => (adapter === undefined ? adapterDir : stored(adapter));
