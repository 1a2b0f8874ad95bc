/**
 * The process of one attempt of a job: workerProcess.ts starts it and sends one 'start'; it sends its estimate, events and
 * outcome. It never opens the catalog.
 */
import { join } from 'node:path';
import { cacheFolder } from '../home.ts';
import { errorMessage, toParent } from '../process/child.ts';
import type { RunEvent } from '../protocol/runEvents.ts';
import { lockFolder } from '../train/lock.ts';
import { type KindContext, Stopped } from './kinds/kind.ts';
import { kindNamed } from './kinds/registry.ts';
import type { FromWorker, ToWorker } from './messages.ts';

/** Least time between two events that only say how far something is. */
const PROGRESS_MS = 200;

let go: () => void = () => undefined;
const started = new Promise<void>((resolve) => (go = resolve));
const parent = toParent<ToWorker, FromWorker>((message) => {
  if (message.type === 'go') go();
  else void lastOf(message).then((last) => parent.finish(last));
});
const send = (message: FromWorker): void => void parent.send(message);
const stopped = (): boolean => parent.stop.aborted;

let shown = { text: '', at: -Infinity };
function emit(event: RunEvent): void {
  if (event.event === 'progress') {
    const [text, at] = [event.text, performance.now()];
    if (text === shown.text && at - shown.at < PROGRESS_MS) return;
    shown = { text, at };
  }
  send({ type: 'event', event });
}

function onProgress(text: string, fraction: number): void {
  if (stopped()) throw new Stopped();
  emit({ event: 'progress', text, fraction });
}

/** Does the task; answers with the last message. */
async function lastOf({ task: { kind, task }, ...start }: Extract<ToWorker, { type: 'start' }>): Promise<FromWorker> {
  const { folder, estimate, hubToken } = start;
  const resolve = { cache: cacheFolder(), onProgress, signal: parent.stop, hubToken };
  try {
    if (estimate) {
      send({ type: 'estimate', estimate: await kindNamed(kind).estimate(task, resolve) });
      await started;
    }
    // A worker of a daemon that died may still be at its last step.
    const unlock = await lockFolder(join(folder, '.lock'));
    try {
      const opened: KindContext['opened'] = (what) => send({ type: 'opened', opened: what });
      const metrics: KindContext['metrics'] = (lines) => send({ type: 'metrics', lines });
      const outcome = await kindNamed(kind).run(task, { resolve, emit, opened, metrics, stopped, folder });
      return outcome === undefined ? { type: 'stopped' } : { type: 'done', outcome };
    } finally {
      unlock();
    }
  } catch (error) {
    if (error instanceof Stopped || (stopped() && error instanceof Error && error.name === 'AbortError'))
      return { type: 'stopped' };
    return errorMessage(error);
  }
}
