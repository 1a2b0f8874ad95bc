import { dirname } from 'node:path';
import { quote } from '../formats/quote.ts';
import { waitForLock } from '../process/lock.ts';
import { VeraError } from '../protocol/errors.ts';

/** How long an orphaned worker may take to finish its step and notice that it is alone. */
const PATIENCE_MS = 60_000;

/**
 * Locks a folder with a file in it, because only one worker at a time may work there. Returns a function that unlocks it:
 * it removes the file, and the folder if it is empty then. Throws VeraError 'io' where another process works there.
 */
export async function lockFolder(file: string, patienceMs = PATIENCE_MS): Promise<() => void> {
  const lock = await waitForLock(file, patienceMs);
  if (lock !== undefined) return () => lock.remove();
  throw new VeraError('io', `another process works in ${quote(dirname(file))}: wait for it, or end it`);
}
