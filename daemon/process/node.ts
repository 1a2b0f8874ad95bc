import { VeraError } from '../protocol/errors.ts';

const LEAST_NODE = 22; // better-sqlite3 crashes the process on older ones

/** Throws VeraError 'daemon' where this Node cannot run the daemon. */
export function refuseOldNode(version = process.versions.node): void {
  if (Number(version.split('.')[0]) >= LEAST_NODE) return;
  throw new VeraError(
    'daemon',
    `Node ${version} is too old for the daemon: use Node ${LEAST_NODE} or newer (24 is best)`,
  );
}
