import { setTimeout } from 'node:timers/promises';
import manifest from '../../package.json' with { type: 'json' };
import { discoveryFile, logsFolder } from '../home.ts';
import { lookAtDiscovery } from '../life/discovery.ts';
import type { Discovery } from '../life/discovery.ts';
import { VeraError } from '../protocol/errors.ts';
import { drain, status, stop } from '../protocol/life.ts';
import { PROTOCOL } from '../protocol/method.ts';
import { openConnection } from './socket.ts';
import type { Connection } from './socket.ts';
import { spawnDaemon } from './spawn.ts';
import type { Spawned } from './spawn.ts';
import { compareVersions } from './version.ts';

export interface ReachOptions {
  /** Start a daemon if none runs, and replace one of an older version. Default true. */
  readonly start?: boolean;
  /** Arguments for a daemon that is started; see life/options.ts. */
  readonly daemonArgs?: readonly string[];
  /** Version of this program, if it is not that of the package. */
  readonly version?: string;
  /** Milliseconds after which it gives up. */
  readonly patience?: number;
}

export interface Reached {
  readonly connection: Connection;
  readonly discovery: Discovery;
}

const PATIENCE_MS = 60_000; // a start takes half a second, and much longer if every core is busy
const POLL_MS = 25;
const AGAIN_MS = 1000; // between two starts, if the first one found another daemon that then ended

/**
 * Connects to the user's daemon: to the one that runs, or to one that this starts. An older daemon is replaced: at once if
 * it runs no job, otherwise when its jobs are done (until then it is used). Throws VeraError 'daemon'.
 */
export async function reach(options: ReachOptions = {}): Promise<Reached> {
  const { start = true, version = manifest.version, patience = PATIENCE_MS } = options;
  const asVersion = options.version === undefined ? [] : ['--as-version', options.version];
  // The new daemon waits for one that is just ending. It gives up if another one waits too or has started.
  const daemonArgs = ['--successor', ...asVersion, ...(options.daemonArgs ?? [])];
  const until = performance.now() + patience;
  let spawned: (Spawned & { over: boolean; at: number }) | undefined;
  let failure: VeraError | undefined;
  let reason = 'no daemon runs';
  let replaced = false;
  for (;;) {
    const found = lookAtDiscovery();
    if (found.state === 'whole') {
      try {
        const reached = { connection: await openConnection(found.discovery), discovery: found.discovery };
        const kept = start && !replaced ? await keepOrReplace(reached, version, daemonArgs) : sameProtocol(reached);
        if (kept !== undefined) {
          if (spawned?.pid !== kept.discovery.pid) spawned?.dismiss();
          return kept;
        }
        replaced = true;
        continue;
      } catch (error) {
        // Any other reason: no daemon is there, or it has gone.
        if (error instanceof VeraError) throw error;
        reason = `no daemon answers at port ${found.discovery.port} (${(error as Error).message})`;
      }
    } else if (found.state === 'damaged') reason = `${discoveryFile()} is damaged: ${found.reason}`;
    // The daemon of another client may run although ours failed. So look once more before failing.
    if (failure !== undefined) throw failure;
    if (!start) throw new VeraError('daemon', `${reason}; start one`, { remedy: { do: 'startDaemon' } });
    if (performance.now() > until) {
      throw new VeraError(
        'daemon',
        `no daemon could be reached in ${patience / 1000} s: ${reason}; its log is in ${logsFolder()}`,
      );
    }
    if (spawned === undefined || (spawned.over && performance.now() - spawned.at > AGAIN_MS)) {
      const one = { ...spawnDaemon(daemonArgs), over: false, at: performance.now() };
      spawned = one;
      void one.ended.then((error) => {
        one.over = true;
        failure = error;
      });
    }
    await setTimeout(POLL_MS);
  }
}

/**
 * Decides about a running daemon. Returns its connection to use it (maybe only until it ends), or undefined once it has
 * ended.
 */
async function keepOrReplace(
  reached: Reached,
  version: string,
  daemonArgs: readonly string[],
): Promise<Reached | undefined> {
  const { connection, discovery } = reached;
  const older = compareVersions(discovery.version, version) < 0 || discovery.protocol < PROTOCOL;
  // This program is older than the daemon. An older daemon could not read the newer catalog, so do not replace it.
  if (!older) return sameProtocol(reached);
  // Three methods (status, stop, drain) are the same in every version of the protocol.
  const { jobs } = status.result.pick({ jobs: true }).parse(await connection.rpc.sendRequest(status.name, {}));
  if (jobs.running === 0) {
    await connection.rpc.sendRequest(stop.name, {});
    await connection.closed;
    return undefined;
  }
  await connection.rpc.sendRequest(drain.name, {});
  spawnDaemon(daemonArgs);
  return sameProtocol(reached);
}

function sameProtocol(reached: Reached): Reached {
  const { protocol, version } = reached.discovery;
  if (protocol === PROTOCOL) return reached;
  reached.connection.close();
  const what = `the daemon that runs has version ${version} and speaks protocol ${protocol}, this program ${PROTOCOL}`;
  throw new VeraError(
    'daemon',
    protocol > PROTOCOL
      ? `${what}: update this program`
      : `${what}; it ends when its running jobs are done: try again then, or stop it now`,
    protocol > PROTOCOL ? {} : { remedy: { do: 'stopDaemon' } },
  );
}
