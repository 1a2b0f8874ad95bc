import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { RawData, WebSocket } from 'ws';
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

const OUTPUT_CHARACTERS = 2000; // of what it writes for people: enough for the end of a stack

/**
 * Serves the Language Server Protocol to a client that has been let in: in a process of its own, so that checking a large file
 * delays nobody and a crash harms nobody. Messages are passed on unread, and only as fast as the other side takes them. Client
 * and process end with each other; when this process dies, the end of its input makes the other leave. undefined: no process
 * could be started, and the client was told.
 */
export function serveLanguage(
  socket: WebSocket,
  { limits, log }: { limits: Limits; log: Logger },
): LanguageRelay | undefined {
  const child = spawn(process.execPath, [fileURLToPath(new URL('../lsp/languageWorker.ts', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
  });
  child.on('error', (error) => log.warn({ err: error }, 'the process of a language server'));
  socket.on('error', (error) => log.debug({ reason: error.message }, 'an editor was cut off'));
  const { pid, stdin, stdout, stderr } = child;
  if (pid === undefined) {
    socket.close(CLOSE.failed, 'the language server cannot be started, see the log of the daemon');
    return undefined;
  }
  log.debug({ language: pid }, 'a language server begins');
  const heard = watchHeartbeat(socket, limits.pingMs, () => !socket.isPaused);
  const isOpen = (): boolean => socket.readyState === socket.OPEN;

  socket.on('message', (data: RawData, binary: boolean) => {
    if (!isOpen()) return;
    if (binary) return socket.close(CLOSE.unsupported, 'messages are text');
    const message = data as Buffer;
    stdin.write(headerOf(message.length));
    if (!stdin.write(message)) socket.pause();
  });
  // A process that has ended is heard of by its end.
  stdin.on('error', () => undefined);
  stdin.on('drain', () => {
    heard(); // its answer to a ping may wait behind what it sent
    socket.resume();
  });

  const goOn = (): void => {
    if (socket.bufferedAmount <= limits.bufferedBytes) stdout.resume();
  };
  const read = messagesOf(limits.languageFrameBytes, (message) => socket.send(message, { binary: false }, goOn));
  stdout.on('data', (chunk: Buffer) => {
    if (!isOpen() || child.killed) return;
    try {
      read(chunk);
    } catch (error) {
      log.warn({ reason: (error as Error).message }, 'a language server wrote what cannot be passed on');
      child.kill('SIGKILL');
    }
    if (socket.bufferedAmount > limits.bufferedBytes) stdout.pause();
  });
  let output = '';
  stderr.on('data', (bytes: Buffer) => {
    const text = bytes.toString();
    output = (output + text).slice(-OUTPUT_CHARACTERS);
    log.debug({ language: pid, text: text.slice(0, OUTPUT_CHARACTERS) }, 'a language server says');
  });

  const ended = new Promise<void>((resolve) => {
    // 'close' comes after the last it wrote was read.
    child.once('close', (code, signal) => {
      const left = isOpen() && code !== 0 && code !== MALFORMED_EXIT;
      if (left) log.warn({ code, signal, output }, 'a language server ended');
      const [how, why] = closeOf(code);
      socket.close(how, why);
      socket.resume(); // its answer is to be heard
      resolve();
    });
  });
  socket.once('close', () => {
    stdin.end();
    stdout.resume();
    const late = setTimeout(() => child.kill('SIGKILL'), limits.closeMs);
    void ended.then(() => clearTimeout(late));
  });
  return { pid, ended, kill: () => void child.kill('SIGKILL') };
}

/** What a client is told when its language server has ended with an exit code, null: by a signal. */
function closeOf(code: number | null): [code: number, reason: string] {
  if (code === 0) return [CLOSE.normal, ''];
  if (code === MALFORMED_EXIT) return [CLOSE.malformed, 'not a JSON-RPC 2.0 message'];
  return [CLOSE.failed, 'the language server ended, see the log of the daemon'];
}
