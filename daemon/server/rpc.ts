import { createMessageConnection, ErrorCodes } from 'vscode-jsonrpc/node';
import type { CancellationToken } from 'vscode-jsonrpc/node';
import type { WebSocket } from 'ws';
import { VeraError } from '../protocol/errors.ts';
import { progressToken } from '../protocol/method.ts';
import type { Method } from '../protocol/method.ts';
import { checkedParams, checkedResult, responseError, errorAnswer } from './answer.ts';
import type { Daemon, Served } from './context.ts';
import type { Feed } from './feed.ts';
import { watchHeartbeat } from './heartbeat.ts';
import { Intake, SocketReader, SocketWriter } from './messages.ts';
import type { Send } from './messages.ts';
import type { Metrics } from './metrics.ts';
import { openProgress } from './progress.ts';
import type { ProgressSender } from './progress.ts';
import { openSubscriptions } from './subscriptions.ts';
import type { Subscriptions } from './subscriptions.ts';

/** What the answers to one client need. */
interface Client {
  readonly daemon: Daemon;
  readonly served: ReadonlyMap<string, Served>;
  readonly metrics: Metrics;
  readonly subscriptions: Subscriptions;
  readonly progress: ProgressSender;
  /** Aborted when the client is gone. */
  readonly gone: AbortSignal;
}

/** Serves the protocol to one client that has been let in, until it goes. */
export function serve(
  socket: WebSocket,
  daemon: Daemon,
  feed: Feed,
  metrics: Metrics,
  served: ReadonlyMap<string, Served>,
): void {
  const { limits, log } = daemon;
  const intake = new Intake(socket, limits);
  /** Bytes that have left make room for answers, progress and events. */
  const left = (): void => {
    intake.goOn();
    progress.goOn();
    subscriptions.goOn();
  };
  const send: Send = (text) => socket.send(text, { binary: false }, left);
  const connection = createMessageConnection(
    new SocketReader(socket, intake),
    new SocketWriter(socket, send, intake, limits),
  );
  const subscriptions = openSubscriptions(socket, send, feed, daemon);
  const progress = openProgress(send, () => socket.bufferedAmount > limits.bufferedBytes, limits);
  const gone = new AbortController();
  const client: Client = { daemon, served, metrics, subscriptions, progress, gone: gone.signal };
  connection.onRequest((method, params, token) => answer(client, method, params, token));

  watchHeartbeat(socket, limits.pingMs, () => !intake.isBusy());
  // ws closes the connection where a frame is too long, has too many parts or is malformed; nothing else is to be done.
  socket.on('error', (error) => log.debug({ reason: error.message }, 'a client was cut off'));
  socket.once('close', () => {
    gone.abort(new VeraError('cancelled', 'the client is gone'));
    subscriptions.close();
    progress.close();
    connection.dispose();
  });
  connection.listen();
}

/** The result of a request or the error to answer with. Never throws. */
async function answer(client: Client, name: string, given: unknown, token: CancellationToken): Promise<unknown> {
  const { daemon, served, metrics, subscriptions, gone } = client;
  const found = served.get(name);
  if (found === undefined)
    return errorAnswer(
      ErrorCodes.MethodNotFound,
      `there is no method ${name}: client and daemon are of different versions`,
      'daemon',
    );
  const { method, handle } = found;
  const done = metrics.rpc.startTimer({ method: name });
  const { signal, done: settled } = endedBy(token, gone, name);
  const { params, progress: wanted } = withoutProgress(method, given);
  const progress = client.progress.open(wanted);
  signal.addEventListener('abort', progress.end, { once: true });
  try {
    signal.throwIfAborted();
    const context = { daemon, subscriptions, signal, progress: progress.send };
    const result = await handle(context, checkedParams(method, params));
    const checked = checkedResult(method, result);
    await progress.sent();
    done({ outcome: 'result' });
    return checked;
  } catch (error) {
    // A library throws an AbortError when its signal is aborted, which does not say why.
    const reason: unknown = signal.aborted && (error as Error).name === 'AbortError' ? signal.reason : error;
    const response = responseError(reason, daemon.log, name);
    done({ outcome: response.data?.code === 'cancelled' ? 'cancelled' : 'error' });
    return response;
  } finally {
    settled();
    progress.end();
  }
}

/**
 * A signal that is aborted when the request is taken back or its client is gone. Call `done` when the request is answered. It is not
 * made with AbortSignal.any: Node keeps such a signal in memory as long as the client is connected.
 */
function endedBy(token: CancellationToken, gone: AbortSignal, name: string): { signal: AbortSignal; done: () => void } {
  const controller = new AbortController();
  const cancel = (): void => controller.abort(new VeraError('cancelled', `${name} was cancelled`));
  const leave = (): void => controller.abort(gone.reason);
  if (gone.aborted) leave();
  else if (token.isCancellationRequested) cancel();
  const listening = token.onCancellationRequested(cancel);
  gone.addEventListener('abort', leave);
  return {
    signal: controller.signal,
    done: () => {
      listening.dispose();
      gone.removeEventListener('abort', leave);
    },
  };
}

/** The params that a method checks, and the number that its client wants progress under. */
function withoutProgress(method: Method, params: unknown): { params: unknown; progress: number | undefined } {
  if (method.progress === undefined || typeof params !== 'object' || params === null)
    return { params, progress: undefined };
  const { progress, ...rest } = params as { progress?: unknown };
  const token = progressToken.optional().safeParse(progress);
  return token.success ? { params: rest, progress: token.data } : { params, progress: undefined };
}
