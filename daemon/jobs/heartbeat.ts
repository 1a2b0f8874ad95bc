/**
 * The thread that says that a worker is alive: a line '<resident bytes> <milliseconds of processor time>' at a time, through a
 * pipe, since a run of the graph blocks the worker's own thread. Where nobody reads any more the daemon is gone, and what a
 * blocked worker computes is for nobody.
 */
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { HEARTBEAT_FD, type HeartbeatOptions } from './messages.ts';

const { everyMs, graceMs } = workerData as HeartbeatOptions;
let aloneSince: number | undefined;

function beat(): void {
  const { user, system } = process.cpuUsage();
  try {
    writeSync(HEARTBEAT_FD, `${process.memoryUsage.rss()} ${Math.round((user + system) / 1000)}\n`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return;
    aloneSince ??= performance.now();
    if (performance.now() - aloneSince >= graceMs) process.kill(process.pid, 'SIGKILL');
  }
}

beat();
setInterval(beat, everyMs);
