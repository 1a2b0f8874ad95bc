import { type ErrorMessage, errorOf } from '../process/child.ts';
import { startProcess } from '../process/supervised.ts';
import { VeraError } from '../protocol/errors.ts';
import { listCheckpoints } from './checkpoint.ts';
import type { Emit, RunEvent } from '../protocol/runEvents.ts';
import { checkpointsOf } from './folder.ts';
import type { TrainSettings } from './settings.ts';

export interface ToWorker {
  readonly settings: TrainSettings;
  readonly resume: boolean;
}
export type FromWorker =
  | { readonly type: 'event'; readonly event: RunEvent }
  | ErrorMessage
  /** Everything was sent. */
  | { readonly type: 'end' };

export interface Training {
  readonly pid: number | undefined;
  /** Resolves when the run is over or stopped. Rejects with the worker's error, or one that says how the worker ended. */
  readonly ended: Promise<void>;
  /** Ends the run after the step it is in, with a checkpoint. */
  stop(): void;
  /** Ends the worker at once; what is after the last checkpoint is lost. */
  kill(): void;
}

/** Trains in a process of its own. A crash there (for example for lack of memory) is an error here. */
export function startTraining(settings: TrainSettings, resume: boolean, emit: Emit): Training {
  let step = 0;
  let over = false;
  let failure: Error | undefined;
  const worker = startProcess<ToWorker, FromWorker>({
    file: new URL('./worker.ts', import.meta.url),
    streams: 'inherit',
    inspect: 'worker',
    onMessage(message) {
      if (message.type === 'end') over = true;
      else if (message.type === 'error') failure = errorOf(message);
      else {
        if (message.event.event === 'step') step = message.event.step;
        emit(message.event);
      }
    },
  });
  void worker.send({ settings, resume });
  const ended = worker.ended.then(({ reason }) => {
    if (failure) throw failure;
    if (!over) throw crashed(settings.out, step, reason);
  });
  return { pid: worker.pid, ended, stop: () => worker.stop(), kill: () => worker.kill() };
}

function crashed(out: string, step: number, reason: string): VeraError {
  const what = `training stopped after step ${step}: ${reason}`;
  const saved = listCheckpoints(checkpointsOf(out))[0];
  if (saved === undefined) return new VeraError('runtime', `${what}. There is no checkpoint yet: start again`);
  return new VeraError('runtime', `${what}. Resume the run from the checkpoint of step ${saved.step}`, {
    remedy: { do: 'resume', folder: out },
  });
}
