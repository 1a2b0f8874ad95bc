import type { z } from 'zod';
import { daemonLockFile, discoveryFile } from '../home.ts';
import { lookAtDiscovery } from '../life/discovery.ts';
import type { Discovery } from '../life/discovery.ts';
import { status } from '../protocol/life.ts';
import { sendRequest } from './request.ts';
import { openConnection, Unreachable } from './socket.ts';
import type { Connection } from './socket.ts';

export type DaemonStatus = z.output<typeof status.result>;

/**
 * The state of the daemon. answers: it can be called. silent: a process holds the lock and nothing answers (it is starting,
 * ending or stuck; `pid` comes from the discovery file). stale: no daemon runs, but its discovery file is there. damaged:
 * no daemon runs, and the discovery file cannot be read.
 */
export type Running =
  | {
      state: 'answers';
      discovery: Discovery;
      connection: Connection;
      /** Undefined if the daemon speaks another protocol. */ status: DaemonStatus | undefined;
    }
  | { state: 'silent'; reason: string; pid?: number }
  | { state: 'stale'; discovery: Discovery; reason: string }
  | { state: 'damaged'; reason: string }
  | { state: 'none' };

const PATIENCE_MS = 10_000;

/** Looks for the daemon without starting one. If it answers, the caller must close `connection`. */
export async function findRunning(): Promise<Running> {
  const found = lookAtDiscovery();
  let reason = found.state === 'damaged' ? `${discoveryFile()}: ${found.reason}` : 'there is no discovery file';
  if (found.state === 'whole') {
    const { discovery } = found;
    let connection: Connection | undefined;
    try {
      connection = await openConnection(discovery);
      const answer = await sendRequest(connection, status, {}, { timeoutMs: PATIENCE_MS });
      return { state: 'answers', discovery, connection, status: status.result.safeParse(answer).data };
    } catch (error) {
      connection?.close();
      const why = (error as Error).message;
      reason = error instanceof Unreachable ? `nobody at port ${discovery.port}: ${why}` : why;
    }
  }
  const pid = found.state === 'whole' ? { pid: found.discovery.pid } : {};
  if (await isDaemonLocked()) return { state: 'silent', reason, ...pid };
  if (found.state === 'whole') return { state: 'stale', discovery: found.discovery, reason };
  return found.state === 'damaged' ? { state: 'damaged', reason } : { state: 'none' };
}

/** Whether a process holds the daemon's lock. SQLite is loaded only here, because most clients never need this. */
export async function isDaemonLocked(): Promise<boolean> {
  const { isLocked } = await import('../process/lock.ts');
  return isLocked(daemonLockFile());
}
