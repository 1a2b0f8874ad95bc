import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ErrorCode } from '../protocol/errors.ts';
import { VeraError } from '../protocol/errors.ts';
import { listCheckpoints } from './checkpoint.ts';
import type { Emit, TrainEvent } from './events.ts';
import { checkpointsOf } from './folder.ts';
import type { TrainSettings } from './settings.ts';

export type ToWorker = { type: 'start'; settings: TrainSettings; resume: boolean } | { type: 'stop' };
export type FromWorker =
  | { type: 'event'; event: TrainEvent }
  | { type: 'error'; code: ErrorCode | undefined; message: string; stack: string }
  /** Everything was sent. */
  | { type: 'end' };

export interface Training {
  readonly pid: number | undefined;
  /** Resolves when the run is over or stopped; rejects with the worker's error, or one that says how the worker ended. */
  readonly ended: Promise<void>;
  /** Ends the run after the step it is in, with a checkpoint. */
  stop(): void;
  /** Ends the worker at once; what is after the last checkpoint is lost. */
  kill(): void;
}

/** Trains in a process of its own, so that a crash there (out of memory, say) is an error here. */
export function startTraining(settings: TrainSettings, resume: boolean, emit: Emit): Training {
  const worker = fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), [], {
    // What this process was started with (a script on the command line, say) is not meant for the worker.
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  const send = (message: ToWorker): void => {
    if (worker.connected) worker.send(message);
  };
  const ended = new Promise<void>((resolve, reject) => {
    let step = 0;
    let over = false;
    let failure: Error | undefined;
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'end') over = true;
      else if (message.type === 'error') failure = errorOf(message);
      else {
        if (message.event.event === 'step') step = message.event.step;
        emit(message.event);
      }
    });
    worker.on('error', (cause) => {
      failure ??= new VeraError('runtime', `the training process could not be started: ${cause.message}`, { cause });
      reject(failure);
    });
    // 'close' comes after the last message was read, 'exit' may come before.
    worker.on('close', (code, signal) => {
      if (failure) reject(failure);
      else if (over) resolve();
      else reject(crashed(settings.out, step, code, signal));
    });
  });
  send({ type: 'start', settings, resume });
  return { pid: worker.pid, ended, stop: () => send({ type: 'stop' }), kill: () => worker.kill('SIGKILL') };
}

function errorOf({ code, message, stack }: Extract<FromWorker, { type: 'error' }>): Error {
  const error = code === undefined ? new Error(message) : new VeraError(code, message);
  error.stack = stack;
  return error;
}

function crashed(out: string, step: number, code: number | null, signal: NodeJS.Signals | null): VeraError {
  const how =
    signal === null
      ? `with exit code ${String(code)}`
      : `by ${signal}${signal === 'SIGKILL' ? ' (the system does that where memory runs out)' : ''}`;
  const saved = listCheckpoints(checkpointsOf(out))[0];
  const next =
    saved === undefined
      ? 'there was no checkpoint yet: start again'
      : `go on from the checkpoint of step ${saved.step}: vera train --resume ${out}`;
  return new VeraError('runtime', `the training process ended ${how} after step ${step}; ${next}`);
}
