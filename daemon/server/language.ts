import type { Logger } from 'pino';
import type { RawData, WebSocket } from 'ws';
import { startProcess } from '../process/supervised.ts';
import { CLOSE, MALFORMED_EXIT } from '../protocol/language.ts';
import { headerOf, messagesOf } from './framing.ts';
import { watchHeartbeat } from './heartbeat.ts';
import type { Limits } from './limits.ts';

/** The language server of one client. */
export interface LanguageRelay {
  readonly pid: number;
  /** Resolves when its process is gone. */
  readonly ended: Promise<void>;
  /** Ends it at once, whatever it does. */
  kill(): void;
}

const OUTPUT_CHARACTERS = 2000; // of one log line

/**
 * Serves the Language Server Protocol to a client that has been let in. The server is a process of its own, so that checking a
 * large file delays nobody and a crash harms nobody. Messages are passed on unread, and only as fast as the other side takes
 * them. Client and process end with each other. undefined: no process could be started, and the client has been told.
 */
export function serveLanguage(
  socket: WebSocket,
  { limits, log }: { limits: Limits; log: Logger },
): LanguageRelay | undefined {
  const child = startProcess({
    ...{ file: new URL('../lsp/languageWorker.ts', import.meta.url), streams: 'pipe', inspect: 'languageServer' },
    onError: (text) =>
      log.debug({ language: child.pid, text: text.slice(0, OUTPUT_CHARACTERS) }, 'a language server wrote'),
  });
  socket.on('error', (error) => log.debug({ reason: error.message }, 'an editor was cut off'));
  const { pid, stdin, stdout } = child;
  if (pid === undefined || stdin === null || stdout === null) {
    void child.ended.then(({ reason }) => log.warn({ reason }, 'a language server could not be started'));
    socket.close(CLOSE.failed, 'the language server cannot be started, see the log of the daemon');
    return undefined;
  }
  log.debug({ language: pid }, 'a language server was started');
  const heard = watchHeartbeat(socket, limits.pingMs, () => !socket.isPaused);
  const isOpen = (): boolean => socket.readyState === socket.OPEN;

  socket.on('message', (data: RawData, binary: boolean) => {
    if (!isOpen()) return;
    if (binary) return socket.close(CLOSE.unsupported, 'messages are text');
    const message = data as Buffer;
    stdin.write(headerOf(message.length));
    if (!stdin.write(message)) socket.pause();
  });
  // `ended` says it where the process is gone.
  stdin.on('error', () => undefined);
  stdin.on('drain', () => {
    heard(); // its answer to a ping may wait behind what it sent
    socket.resume();
  });

  let broken = false;
  const goOn = (): void => {
    if (socket.bufferedAmount <= limits.bufferedBytes) stdout.resume();
  };
  const read = messagesOf(limits.languageFrameBytes, (message) => socket.send(message, { binary: false }, goOn));
  stdout.on('data', (chunk: Buffer) => {
    if (!isOpen() || broken) return;
    try {
      read(chunk);
    } catch (error) {
      log.warn({ reason: (error as Error).message }, 'a language server wrote what cannot be passed on');
      broken = true;
      child.kill();
    }
    if (socket.bufferedAmount > limits.bufferedBytes) stdout.pause();
  });

  const ended = child.ended.then(({ code, signal, output }) => {
    const left = isOpen() && code !== 0 && code !== MALFORMED_EXIT;
    if (left) log.warn({ code, signal, output }, 'a language server ended');
    const [how, why] = closeOf(code);
    socket.close(how, why);
    socket.resume(); // to read the client's answer to that
  });
  socket.once('close', () => {
    stdin.end();
    stdout.resume();
    const late = setTimeout(() => child.kill(), limits.closeMs);
    void ended.then(() => clearTimeout(late));
  });
  return { pid, ended, kill: () => child.kill() };
}

/** What a client is told when its language server has ended with an exit code, null: by a signal. */
function closeOf(code: number | null): [code: number, reason: string] {
  if (code === 0) return [CLOSE.normal, ''];
  if (code === MALFORMED_EXIT) return [CLOSE.malformed, 'not a JSON-RPC 2.0 message'];
  return [CLOSE.failed, 'the language server ended, see the log of the daemon'];
}
