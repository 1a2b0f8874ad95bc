/**
 * The process that trains: started by supervise.ts with an IPC channel, gets one 'start' message, and sends events. It ends
 * when its parent does, and leaves Ctrl-C, which a terminal sends to both, to the parent.
 */
import { VeraError } from '../protocol/errors.ts';
import { train } from './run.ts';
import type { FromWorker, ToWorker } from './supervise.ts';

let stopped = false;
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => (stopped = true));
// Without a parent nobody reads what this run does, and another may be about to go on from its checkpoint.
process.on('disconnect', () => process.exit(1));

function send(message: FromWorker, sent?: () => void): void {
  const after = (error: Error | null): void => {
    if (error) process.exit(1);
    sent?.();
  };
  if (process.connected) process.send?.(message, undefined, undefined, after);
  else process.exit(1);
}

process.on('message', (message: ToWorker) => {
  if (message.type === 'stop') stopped = true;
  else void start(message);
});

async function start({ settings, resume }: Extract<ToWorker, { type: 'start' }>): Promise<void> {
  let last: FromWorker = { type: 'end' };
  try {
    await train(settings, { resume, stopped: () => stopped, emit: (event) => send({ type: 'event', event }) });
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    const code = error instanceof VeraError ? error.code : undefined;
    const cause = error instanceof Error && error.cause instanceof Error ? `\n${String(error.cause.stack)}` : '';
    last = { type: 'error', code, message, stack: `${stack ?? message}${cause}` };
  }
  send(last, () => process.exit(0));
}
