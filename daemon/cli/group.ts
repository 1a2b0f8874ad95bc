import type { Command } from 'commander';
import { withDaemon } from './withDaemon.ts';
import type { Client } from './withDaemon.ts';

/** Options of every command. */
export interface Common {
  json?: boolean;
}

/** A command with subcommands, such as `vera adapters list`. */
export const group = (program: Command, name: string, description: string): Command =>
  // Otherwise the group would take the --json that follows a subcommand.
  program.command(name).description(description).enablePositionalOptions();

/** The action of a command that needs the daemon: it gets a client, its options and its arguments. */
export const asking =
  <Flags extends Common, Arguments extends unknown[]>(
    work: (client: Client, flags: Flags, ...args: Arguments) => Promise<void>,
  ) =>
  async (...all: unknown[]): Promise<void> => {
    const command = all.at(-1) as Command;
    const flags: Flags = command.optsWithGlobals();
    await withDaemon((client) => work(client, flags, ...(all.slice(0, -2) as Arguments)));
  };
