/** Which process a fault test kills and when: at a sign of how far a job is, or at a random moment. Linux only. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lookAtDiscovery } from '../../daemon/life/discovery.ts';

export const canKill =
  process.platform === 'linux' ? false : 'the processes of a daemon are found in /proc, which is not here';

/** The process id of the running daemon, from its discovery file. */
export function daemonPid(): number | undefined {
  const found = lookAtDiscovery();
  return found.state === 'whole' ? found.discovery.pid : undefined;
}

/** The living job workers of a daemon. */
export function workersOf(daemon: number): number[] {
  try {
    const children = readFileSync(`/proc/${daemon}/task/${daemon}/children`, 'utf8').trim();
    return children === '' ? [] : children.split(' ').map(Number).filter(isWorker);
  } catch {
    return [];
  }
}

function isWorker(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('jobWorker');
  } catch {
    return false;
  }
}

export type Victim = 'worker' | 'daemon' | 'both';

/** Kills with SIGKILL. Returns the ids of the processes that were killed. */
export function kill(victim: Victim): number[] {
  const daemon = daemonPid();
  if (daemon === undefined) return [];
  const workers = workersOf(daemon);
  const hit = victim === 'worker' ? workers : victim === 'daemon' ? [daemon] : [daemon, ...workers];
  return hit.filter((pid) => {
    try {
      return process.kill(pid, 'SIGKILL');
    } catch {
      return false; // it had ended already
    }
  });
}

/** Signs in a run's folder that show how far its job is. */
export const SIGNS = {
  /** Between the acknowledgement and the worker's first message. */
  submitted: () => true,
  /** The settings were written. */
  opened: (out: string) => existsSync(join(out, 'run.json')),
  /** A step was taken. */
  stepped: (out: string) => sizeOf(join(out, 'metrics.jsonl')) > 0,
  /** A checkpoint is being written: its temporary file is there. */
  writing: (out: string) => names(join(out, 'checkpoints')).some((name) => !name.endsWith('.ckpt')),
  /** A checkpoint was renamed into its place. */
  written: (out: string) => names(join(out, 'checkpoints')).some((name) => name.endsWith('.ckpt')),
  /** The last checkpoint is there: samples, evaluation and the adapter come next. */
  learned: (out: string) => names(join(out, 'checkpoints')).includes('step-00000012.ckpt'),
  /** The adapter is being written beside its place. */
  resulting: (out: string) => existsSync(join(out, '.result')),
  /** The adapter's files are in their places; the catalog may have it or not. */
  committed: (out: string) => existsSync(join(out, 'adapter_config.json')),
} as const satisfies Record<string, (out: string) => boolean>;
export type Sign = keyof typeof SIGNS;

const sizeOf = (file: string): number => (existsSync(file) ? readFileSync(file).length : 0);
function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Waits for a sign. Looks all the time, because some signs last a millisecond. false if `over` says that it will not come. */
export async function seen(sign: Sign, out: string, over: () => boolean): Promise<boolean> {
  for (let looks = 0; !over(); looks++) {
    if (SIGNS[sign](out)) return true;
    // Between two looks, a turn of the event loop keeps the connection alive; every tenth time, the worker gets the processor.
    if (looks % 10 === 9) await sleep(1);
    else await new Promise((resolve) => setImmediate(resolve));
  }
  return false;
}
