import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Probe } from './probe.ts';

const PATIENCE = 60_000; // milliseconds; a cold disk takes a few seconds to load the library

/** Looks at onnxruntime in a process of its own; rejects with what a person can be told where it is broken or crashes. */
export async function examine(): Promise<Probe> {
  const child = fork(fileURLToPath(new URL('./probeWorker.ts', import.meta.url)), [], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    timeout: PATIENCE,
  });
  return new Promise((resolve, reject) => {
    let answer: { found?: Probe; error?: string } | undefined;
    child.on('message', (message) => (answer = message as typeof answer));
    child.on('error', (cause) => reject(new Error(`its process could not be started: ${cause.message}`)));
    child.on('close', (code, signal) => {
      if (answer?.found) resolve(answer.found);
      else if (answer) reject(new Error(answer.error));
      else if (signal === 'SIGTERM') reject(new Error(`it did not answer in ${PATIENCE / 1000} s`));
      else reject(new Error(`it crashed (${signal ?? `exit code ${code}`})`));
    });
  });
}
