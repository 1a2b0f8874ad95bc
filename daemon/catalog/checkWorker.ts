import { parentPort, workerData } from 'node:worker_threads';
import { problemsOf } from './check.ts';

/** A thread that reads a whole database. That takes minutes for gigabytes; the daemon works meanwhile. */
const { file, full } = workerData as { file: string; full: boolean };
parentPort!.postMessage(problemsOf(file, { full }));
