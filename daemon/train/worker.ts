/** The process that trains in the foreground: supervise.ts starts it, sends one message, and gets its events. */
import { errorMessage, toParent } from '../process/child.ts';
import { train } from './run.ts';
import type { FromWorker, ToWorker } from './supervise.ts';

const parent = toParent<ToWorker, FromWorker>((message) => void start(message));

async function start({ settings, resume }: ToWorker): Promise<void> {
  try {
    await train(settings, {
      ...{ resume, stopped: () => parent.stop.aborted },
      emit: (event) => void parent.send({ type: 'event', event }),
    });
    parent.finish({ type: 'end' });
  } catch (error) {
    parent.finish(errorMessage(error));
  }
}
