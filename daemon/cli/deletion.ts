import { createInterface } from 'node:readline/promises';
import { VeraError } from '../protocol/errors.ts';
import { plain, print, printJson } from './output.ts';
import { dateText } from './table.ts';

export interface Deleted {
  dependents: { what: string }[];
  purgedAt: number;
}

/**
 * Moves something to the trash. On a terminal it asks first, and asks again if others depend on it; elsewhere it needs --yes.
 * `what` names the thing: adapter 3 "notes". Without confirmation, `remove` throws 'dependents' if others depend on it. `restore`
 * gives the command that restores it.
 */
export async function deleteAsking<T extends Deleted & Record<string, unknown>>(
  what: string,
  { yes = false, json = false }: { yes?: boolean; json?: boolean },
  remove: (confirm: boolean) => Promise<T>,
  restore: (deleted: T) => string,
): Promise<void> {
  const deleted = yes ? await remove(true) : await asked(what, remove);
  if (deleted === undefined) {
    process.stderr.write('Nothing was deleted\n');
    process.exitCode = 130;
  } else if (json) printJson(deleted);
  else {
    print(`Deleted ${what}; until ${dateText(deleted.purgedAt)} you can restore it with: ${restore(deleted)}`);
    for (const dependent of deleted.dependents) print(`It was needed by ${plain(dependent.what)}`);
  }
}

async function asked<T>(what: string, remove: (confirm: boolean) => Promise<T>): Promise<T | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new VeraError('usage', `there is no terminal to ask whether to delete ${what}: add --yes`);
  if (!(await yesTo(`Delete ${what}? It can be restored for thirty days. [y/N] `))) return undefined;
  try {
    return await remove(false);
  } catch (error) {
    if (!(error instanceof VeraError) || error.code !== 'dependents') throw error;
    process.stderr.write(`${plain(error.message)}\n`);
    return (await yesTo('Delete it anyway? [y/N] ')) ? remove(true) : undefined;
  }
}

/** Asks on the terminal; the end of input means no. */
export async function yesTo(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await Promise.race([
      terminal.question(question),
      new Promise<string>((resolve) => terminal.once('close', () => resolve(''))),
    ]);
    return /^\s*y(es)?\s*$/i.test(answer);
  } finally {
    terminal.close();
  }
}
