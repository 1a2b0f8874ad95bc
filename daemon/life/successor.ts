import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { daemonFolder, daemonLockFile } from '../home.ts';
import { readDiscovery } from './discovery.ts';
import { takeLock } from '../process/lock.ts';
import type { Lock } from '../process/lock.ts';

const POLL_MS = 100;

/**
 * Waits until the running daemon has ended and takes the lock then. So waiting jobs continue without any client.
 * undefined if another process waits already, or a daemon of this version started in between.
 */
export async function waitForLock(version: string): Promise<Lock | undefined> {
  const place = takeLock(join(daemonFolder(), 'successor.lock'));
  if (place === undefined) return undefined;
  try {
    for (;;) {
      const lock = takeLock(daemonLockFile());
      if (lock !== undefined) return lock;
      if (readDiscovery()?.version === version) return undefined;
      await setTimeout(POLL_MS);
    }
  } finally {
    place.release();
  }
}
