import { parentPort, workerData } from 'node:worker_threads';
import { problemsOf } from './check.ts';

/** A thread that reads a whole database through: minutes for gigabytes, in which the daemon goes on. */
const { file, full } = workerData as { file: string; full: boolean };
parentPort!.postMessage(problemsOf(file, { full }));
