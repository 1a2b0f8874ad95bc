import { VeraError } from '../protocol/errors.ts';

/** Added to the port that VERA_INSPECT names, so that each kind of process has a port of its own. */
const INSPECT_OFFSETS = { daemon: 0, worker: 1, languageServer: 2 } as const;

/**
 * Arguments for Node that open an inspector, for a debugger to attach to. VERA_INSPECT is the daemon's port; empty where it is not
 * set. Of several processes of a kind, the first gets the port: Node says that the port is taken and runs the others without an inspector.
 * Throws VeraError 'usage'.
 */
export function inspectArguments(kind: keyof typeof INSPECT_OFFSETS): string[] {
  const given = process.env['VERA_INSPECT'] ?? '';
  if (given === '') return [];
  const port = Number(given);
  if (!Number.isInteger(port) || port < 1024 || port > 65_000)
    throw new VeraError('usage', `VERA_INSPECT must be a port from 1024 to 65000, not ${JSON.stringify(given)}`);
  return [`--inspect=127.0.0.1:${port + INSPECT_OFFSETS[kind]}`];
}
