import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { daemonFolder, daemonLockFile } from '../home.ts';
import { readDiscovery } from './discovery.ts';
import { takeLock } from '../process/lock.ts';
import type { Lock } from '../process/lock.ts';

const POLL_MS = 100;

/**
 * Waits until the daemon that runs has ended, and takes the lock after it: so jobs that wait go on without anybody asking.
 * undefined where another waits already, or a daemon of this version has come in between.
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
