import { existsSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { quote } from '../formats/quote.ts';
import * as owners from '../protocol/owners.ts';
import { VeraError } from '../protocol/errors.ts';
import { MAX_NAME, MAX_PAGE, name } from '../protocol/values.ts';
import type { Client } from './withDaemon.ts';

/** A thing of the catalog, by its number or its name, as the command line gives it. */
export type Reference = number | string;

/** Digits mean a number, everything else a name. */
export function reference(text: string): Reference {
  return /^\d+$/.test(text) ? number(text) : text;
}

/** A new name, or a tag. */
export function label(text: string): string {
  const { error } = name.safeParse(text);
  if (error === undefined) return text;
  throw new VeraError(
    'usage',
    `${quote(text)} cannot be a name: ${MAX_NAME} characters at most, no slashes, no spaces around it`,
  );
}

/** The number of a job or a run. */
export function number(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value) || value < 1)
    throw new VeraError('usage', `${quote(text)} is not a number; lists show the numbers`);
  return value;
}

/** Whether a text can only be a path: names have no slashes. */
export const isPath = (text: string): boolean => /[/\\]/.test(text) || text === '.' || text === '..';

/** A base model for a process with another working folder: a path becomes absolute, a hub id stays the same. */
export const absolute = (base: string): string => (existsSync(base) ? resolve(base) : base);

/** Whether a text is an adapter's folder; otherwise it is a name or number of the catalog. */
export const isAdapterFolder = (text: string): boolean => isPath(text) || existsSync(join(text, 'adapter_config.json'));

/** Explains an error about a missing adapter: a folder was tried too. Other errors are returned unchanged. */
export function explainMissing(error: unknown, text: string): unknown {
  if (!(error instanceof VeraError) || error.code !== 'missing') return error;
  const message = `there is neither an adapter folder nor an adapter ${quote(text)}: vera adapters list shows the adapters`;
  return new VeraError('missing', message, { cause: error });
}

/** The adapter and base that a job is about. */
export const sourceOf = (
  adapter: string | undefined,
  base: string | undefined,
): { adapter?: Reference; adapterDir?: string; base?: string } => ({
  ...(adapter === undefined
    ? {}
    : isAdapterFolder(adapter)
      ? { adapterDir: resolve(adapter) }
      : { adapter: reference(adapter) }),
  ...(base === undefined ? {} : { base: absolute(base) }),
});

/** A folder as the catalog stores it. */
export function folder(text: string): string {
  try {
    return realpathSync(text);
  } catch {
    throw new VeraError('usage', `${quote(text)} is not a folder`);
  }
}

/** The project that --project names: by name or number, or by its folder. */
export async function projectOf(client: Client, text: string | undefined): Promise<{ project?: Reference }> {
  if (text === undefined) return {};
  if (!isPath(text)) return { project: reference(text) };
  const path = folder(text);
  const [found] = (await client.call(owners.projectsList, { folder: path, limit: 1 })).items;
  if (found !== undefined) return { project: found.id };
  throw new VeraError(
    'missing',
    `${quote(path)} is not a project yet; make it one with vera projects create --folder ${quote(path)}`,
  );
}

/** The project of a new job: a folder becomes a project if it is not one yet. */
export function ownerOf(project: string | undefined): { project?: Reference; workspace?: string } {
  if (project === undefined) return {};
  return isPath(project) ? { workspace: folder(project) } : { project: reference(project) };
}

/** The user that --user names. */
export const userOf = (text: string | undefined): { user?: Reference } =>
  text === undefined ? {} : { user: reference(text) };

export interface Trashed {
  id: number;
  name: string;
}

/** What a list of the trash is asked for. */
export interface TrashFilter {
  readonly name: string;
  readonly deleted: true;
  readonly limit: number;
}

/** The number of something in the trash, by its number or by its name. */
export async function trashed(
  kind: string,
  text: string,
  list: (filter: TrashFilter) => Promise<{ items: Trashed[] }>,
): Promise<number> {
  const wanted = reference(text);
  if (typeof wanted === 'number') return wanted;
  const found = (await list({ name: wanted, deleted: true, limit: MAX_PAGE })).items.map(({ id }) => id);
  const [only] = found;
  if (only === undefined)
    throw new VeraError('missing', `there is no ${kind} ${quote(wanted)} in the trash: vera ${kind}s list --deleted`);
  if (found.length > 1)
    throw new VeraError(
      'usage',
      `several ${kind}s ${quote(wanted)} are in the trash; choose one by its number: ${found.join(', ')}`,
    );
  return only;
}
