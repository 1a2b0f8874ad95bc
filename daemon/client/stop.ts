import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { VeraError } from '../protocol/errors.ts';
import { stop } from '../protocol/life.ts';
import { findRunning, isDaemonLocked } from './running.ts';

const PATIENCE_MS = 150_000; // longer than a daemon takes to give up on its own ending
const POLL_MS = 25;

export interface Stopped {
  /** False if no daemon was running. */
  readonly ran: boolean;
  /** Number of jobs that continue when a daemon runs again. */
  readonly jobs: number;
}

/**
 * Ends the daemon and waits until it is gone. now: with SIGKILL, even if it does not answer; jobs continue later from their
 * last checkpoint. Throws VeraError 'daemon'.
 */
export async function stopDaemon({ now = false }: { now?: boolean } = {}): Promise<Stopped> {
  const running = await findRunning();
  let jobs = 0;
  if (running.state === 'answers') {
    const { connection, discovery, status } = running;
    jobs = status?.jobs.running ?? 0;
    if (now) process.kill(discovery.pid, 'SIGKILL');
    else jobs = stop.result.safeParse(await connection.rpc.sendRequest(stop.name, {})).data?.jobs ?? jobs;
    connection.close();
  } else if (running.state === 'silent') {
    const { pid, reason } = running;
    if (now && pid !== undefined && isDaemon(pid)) process.kill(pid, 'SIGKILL');
    else if (now)
      throw new VeraError(
        'daemon',
        `a daemon holds the lock, but which process it is is not known (${reason}): try again in a moment`,
      );
    // Otherwise it may be ending already.
  } else return { ran: false, jobs: 0 };
  for (const until = performance.now() + PATIENCE_MS; await isDaemonLocked();) {
    if (performance.now() > until) {
      throw new VeraError('daemon', `the daemon did not end in ${PATIENCE_MS / 1000} s; end it at once`, {
        remedy: { do: 'stopDaemonNow' },
      });
    }
    await setTimeout(POLL_MS);
  }
  return { ran: true, jobs };
}

/** Whether the system says that a process is a daemon. A recycled process id must not make us kill another program. */
function isDaemon(pid: number): boolean {
  if (process.platform !== 'linux') return true;
  try {
    return /[\\/]main\.[jt]s\0/.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
  } catch {
    return false;
  }
}
