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
  /** Start a daemon where none runs, and replace one of an older version. Default true. */
  readonly start?: boolean;
  /** What a started daemon is given; see life/options.ts. */
  readonly daemonArgs?: readonly string[];
  /** This program's version, where it is not the package's. */
  readonly version?: string;
  /** Milliseconds until it is given up. */
  readonly patience?: number;
}

export interface Reached {
  readonly connection: Connection;
  readonly discovery: Discovery;
}

const PATIENCE_MS = 60_000; // a start takes half a second, and far longer where every core is busy
const POLL_MS = 25;
const AGAIN_MS = 1000; // between two starts, where the first found the place taken by one that then ended

/**
 * A connection to the user's daemon: the one that runs, or one that is started. An older one is replaced: at once when nothing
 * runs in it, else when that is done (until then it serves). Throws VeraError 'daemon'.
 */
export async function reach(options: ReachOptions = {}): Promise<Reached> {
  const { start = true, version = manifest.version, patience = PATIENCE_MS } = options;
  const asVersion = options.version === undefined ? [] : ['--as-version', options.version];
  // It waits for one that is just ending, and gives up where another waits or has come up.
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
        // Anything else: nobody is there, or not any more.
        if (error instanceof VeraError) throw error;
        reason = `no daemon answers at port ${found.discovery.port} (${(error as Error).message})`;
      }
    } else if (found.state === 'damaged') reason = `${discoveryFile()} is damaged: ${found.reason}`;
    // Another client's daemon may be up in spite of our own's failure, so that counts only after a last look.
    if (failure !== undefined) throw failure;
    if (!start) throw new VeraError('daemon', `${reason}: start one with vera daemon start`);
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

/** What to do with a daemon that runs: use it (maybe until it has ended), or undefined once it has ended. */
async function keepOrReplace(
  reached: Reached,
  version: string,
  daemonArgs: readonly string[],
): Promise<Reached | undefined> {
  const { connection, discovery } = reached;
  const older = compareVersions(discovery.version, version) < 0 || discovery.protocol < PROTOCOL;
  // The program is the older one: replacing would put an older catalog's program on a newer catalog.
  if (!older) return sameProtocol(reached);
  // The three methods of a daemon's life stay as they are in every protocol.
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
      : `${what}; it ends when its running jobs are done: try again then, or stop them with vera daemon stop`,
  );
}
