/**
 * The thread that shows that a process is alive: it writes a line '<resident bytes> <milliseconds of processor time>' into a
 * pipe again and again. It is a thread because a run of a graph blocks the main one. When nobody reads the pipe any more the
 * parent is gone: then this thread ends the process, however busy that is.
 */
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { type BeatOptions, HEARTBEAT_FD } from './health.ts';

const { everyMs, graceMs } = workerData as BeatOptions;
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
