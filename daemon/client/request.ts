import { CancellationTokenSource, ErrorCodes, ProgressType, ResponseError } from 'vscode-jsonrpc/node';
import type { Discovery } from '../life/discovery.ts';
import { errorFacts } from '../protocol/errorFacts.ts';
import { errorOfFacts, VeraError } from '../protocol/errors.ts';
import type { Method } from '../protocol/method.ts';
import type { Connection } from './socket.ts';

/** How a request is made. `V`: a value of its progress. */
export interface RequestOptions<V = unknown> {
  /** How long the daemon may take, in milliseconds; each value of the progress starts the time again. */
  readonly timeoutMs?: number;
  /** Takes the request back: the daemon stops working on it, and the call throws VeraError 'cancelled' at once. */
  readonly signal?: AbortSignal | undefined;
  /** Receives what the method sends before its answer. */
  readonly onProgress?: (value: V) => void;
}

const TIMEOUT_MS = 120_000; // a plan may have to read a large dataset first

const PROGRESS = new ProgressType<unknown>();
let tokens = 0;

/** Sends one request. Throws VeraError 'cancelled' or 'daemon' (no answer in time), else what the connection throws. */
export async function sendRequest(
  { rpc }: Connection,
  method: Method,
  params: unknown,
  { timeoutMs = TIMEOUT_MS, signal, onProgress }: RequestOptions = {},
): Promise<unknown> {
  throwIfCancelled(signal, method);
  const source = new CancellationTokenSource();
  const token = onProgress === undefined || method.progress === undefined ? undefined : ++tokens;
  let timer: NodeJS.Timeout | undefined;
  let giveUp: (error: VeraError) => void = () => undefined;
  const givenUp = new Promise<never>((_, reject) => (giveUp = reject));
  const isLate = (): void =>
    giveUp(
      new VeraError('daemon', `the daemon did not answer ${method.name} in ${timeoutMs / 1000} s`, {
        remedy: { do: 'readDaemonLog' },
      }),
    );
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(isLate, timeoutMs).unref();
  };
  const aborted = (): void => giveUp(cancelled(method));
  const listening =
    token === undefined
      ? undefined
      : rpc.onProgress(PROGRESS, token, (value) => {
          wait();
          const parsed = method.progress!.safeParse(value);
          if (parsed.success) onProgress!(parsed.data);
        });
  signal?.addEventListener('abort', aborted, { once: true });
  wait();
  try {
    const sent = token === undefined ? params : { ...(params as object), progress: token };
    return await Promise.race([rpc.sendRequest(method.name, sent, source.token), givenUp]);
  } catch (error) {
    if (error instanceof VeraError) source.cancel(); // nobody waits for the answer any more
    throw error;
  } finally {
    clearTimeout(timer);
    listening?.dispose();
    signal?.removeEventListener('abort', aborted);
  }
}

const cancelled = ({ name }: Method): VeraError => new VeraError('cancelled', `${name} was cancelled`);

export function throwIfCancelled(signal: AbortSignal | undefined, method: Method): void {
  if (signal?.aborted === true) throw cancelled(method);
}

/** The error that the daemon answered with; undefined where it is one of the connection. */
export function answeredError(
  error: unknown,
  { name }: { name: string },
  { version }: Discovery,
): VeraError | undefined {
  if (error instanceof VeraError) return error;
  if (!(error instanceof ResponseError)) return undefined;
  const facts = errorFacts.safeParse({ ...(error.data as object | undefined), message: error.message });
  if (facts.success) return errorOfFacts(facts.data);
  if (error.code === ErrorCodes.PendingResponseRejected) return undefined;
  if (error.code === ErrorCodes.MethodNotFound)
    return new VeraError('daemon', `the daemon (version ${version}) does not know ${name}: update it`, {
      remedy: { do: 'restartDaemon' },
    });
  return new VeraError('daemon', `the daemon refused ${name}: ${error.message}`);
}
