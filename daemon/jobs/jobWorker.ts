/**
 * The process of one attempt of a job: started by workerProcess.ts with a channel of messages and a pipe for heartbeats, gets
 * one 'start', and sends its estimate, events and outcome. It never opens the catalog, and ends when the daemon does.
 */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { cacheFolder } from '../home.ts';
import { memoryError, VeraError } from '../protocol/errors.ts';
import { takeLock } from '../train/lock.ts';
import { type Kind, type KindContext, Stopped } from './kinds/kind.ts';
import type { FromWorker, HeartbeatOptions, Json, Task, ToWorker } from './messages.ts';

/** Least time between two events that only say how far something is. */
const PROGRESS_MS = 200;

const [everyMs = 1000, graceMs = 2000] = process.argv.slice(2).map(Number);
const options: HeartbeatOptions = { everyMs, graceMs };
new Worker(new URL('./heartbeat.ts', import.meta.url), { workerData: options }).unref();

// Loading onnxruntime and all that stands on it takes a while, in which the worker already lives.
const kinds = import('./kinds/registry.ts');
kinds.catch(() => undefined); // it is heard of where it is waited for

const stop = new AbortController();
const stopped = (): boolean => stop.signal.aborted;
let go: () => void = () => undefined;
const started = new Promise<void>((resolve) => (go = resolve));

process.on('SIGINT', () => undefined); // a terminal sends it to the daemon as well, which decides
process.on('SIGTERM', () => stop.abort());
process.on('disconnect', () => process.exit(1));

process.on('message', (message: ToWorker) => {
  if (message.type === 'stop') stop.abort();
  else if (message.type === 'go') go();
  else void attempt(message);
});

function send(message: FromWorker, sent?: () => void): void {
  const after = (error: Error | null): void => {
    if (error) process.exit(1);
    sent?.();
  };
  if (process.connected) process.send?.(message, undefined, undefined, after);
  else process.exit(1);
}

let told = { text: '', at: -Infinity };
function emit(event: Json): void {
  if (event['event'] === 'progress') {
    const [text, at] = [String(event['text']), performance.now()];
    if (text === told.text && at - told.at < PROGRESS_MS) return;
    told = { text, at };
  }
  send({ type: 'event', event });
}

function onProgress(text: string, fraction: number): void {
  if (stopped()) throw new Stopped();
  emit({ event: 'progress', text, fraction });
}

async function attempt(message: Extract<ToWorker, { type: 'start' }>): Promise<void> {
  send(await lastOf(message), () => process.exit(0));
}

/** Does the task; what is left to say at its end. */
async function lastOf({ task, folder, estimate, measure }: Extract<ToWorker, { type: 'start' }>): Promise<FromWorker> {
  const resolve = { cache: cacheFolder(), onProgress, signal: stop.signal };
  try {
    if (estimate) {
      send({ type: 'estimate', estimate: await (await kindOf(task)).estimate(task, { ...resolve, measure }) });
      await started;
    }
    if (folder === null) return { type: 'stopped' };
    // A worker of a daemon that died may still be at its last step.
    const release = await takeLock(join(folder, '.lock'));
    try {
      const opened: KindContext['opened'] = (what) => send({ type: 'opened', opened: what });
      const metrics: KindContext['metrics'] = (lines) => send({ type: 'metrics', lines });
      const outcome = await (await kindOf(task)).run(task, { resolve, emit, opened, metrics, stopped, folder });
      return outcome === undefined ? { type: 'stopped' } : { type: 'done', outcome };
    } finally {
      release();
    }
  } catch (error) {
    if (error instanceof Stopped || (stopped() && error instanceof Error && error.name === 'AbortError'))
      return { type: 'stopped' };
    return errorMessage(error);
  }
}

/** The kind of a task, for tasks of that kind. */
const kindOf = async (task: Task): Promise<Kind<Task['kind']>> => (await kinds).KINDS[task.kind] as Kind<Task['kind']>;

function errorMessage(thrown: unknown): FromWorker {
  const error = memoryError(thrown) ?? (thrown instanceof Error ? thrown : new Error(String(thrown)));
  const cause = error.cause instanceof Error ? `\n${String(error.cause.stack)}` : '';
  // A system call that the code around it did not explain, such as a full disk, or something of onnxruntime.
  const code = error instanceof VeraError ? error.code : 'syscall' in error ? 'io' : 'runtime';
  return { type: 'error', code, message: error.message, stack: `${error.stack ?? error.message}${cause}` };
}
