import type { Command } from 'commander';
import type { AdapterRow } from '../protocol/adapters.ts';
import { plain } from './output.ts';
import { projectOf, reference, type Reference, userOf } from './reference.ts';
import type { Client } from './withDaemon.ts';

/** Options that say whose adapter it is. */
export interface Which {
  json?: boolean;
  project?: string;
  user?: string;
}

export const addWhich = (command: Command): Command =>
  command
    .option('--project <project>', 'a project: its name, number, or a folder such as ./folder')
    .option('--user <user>', 'a user: name or number (default: the user who started the daemon)');

/** The params of the protocol that say which adapter is meant. */
export async function whichOf(
  client: Client,
  adapter: string,
  { project, user }: Which,
): Promise<{ adapter: Reference; project?: Reference; user?: Reference }> {
  return { adapter: reference(adapter), ...(await projectOf(client, project)), ...userOf(user) };
}

/** An adapter in a sentence: 12 "notes". */
export const adapterText = ({ id, name }: Pick<AdapterRow, 'id' | 'name'>): string => `${id} "${plain(name)}"`;

export const idOf = (id: number | null): string | undefined => (id === null ? undefined : String(id));
