/** Real daemons for tests. Each test file has its own state folder, which is removed together with its daemon at the end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { stopDaemon } from '../daemon/client/stop.ts';

/**
 * Makes a state folder and sets VERA_HOME to it, for this process and those it starts. At the end, ends its daemon and
 * removes it.
 */
export function daemonHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'vera-daemon-'));
  process.env['VERA_HOME'] = home;
  after(async () => {
    process.env['VERA_HOME'] = home;
    await stopDaemon({ now: true });
    rmSync(home, { recursive: true, force: true, maxRetries: 10 });
  });
  return home;
}

/** Waits until a condition holds. Throws after `patience` milliseconds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, patience = 30_000): Promise<void> {
  for (const end = performance.now() + patience; !(await holds());) {
    if (performance.now() > end) throw new Error(`not after ${patience / 1000} s: ${what}`);
    await setTimeout(20);
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
