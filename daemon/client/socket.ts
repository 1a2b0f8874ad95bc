import { AbstractMessageReader, AbstractMessageWriter, createMessageConnection } from 'vscode-jsonrpc/node';
import type { DataCallback, Disposable, Message, MessageConnection } from 'vscode-jsonrpc/node';
import { WebSocket } from 'ws';
import type { RawData } from 'ws';
import type { Discovery } from '../life/discovery.ts';

/** The daemon ended in order, and not by accident: WebSocket's "going away". */
const GOING_AWAY = 1001;
const PATIENCE_MS = 5000; // a daemon that does not take a connection in this time does not run
const MAX_PAYLOAD = 64 * 2 ** 20; // bytes; a page of runs with all their settings has a few

export interface Connection {
  readonly rpc: MessageConnection;
  /** Resolves when it is over. ended: the daemon said so; else it broke. */
  readonly closed: Promise<{ ended: boolean }>;
  close(): void;
}

/** Why no daemon was reached. refused: nobody is there. denied: somebody is, who does not take this token. */
export class Unreachable extends Error {
  readonly why: 'refused' | 'denied';

  constructor(why: Unreachable['why'], message: string) {
    super(message);
    this.why = why;
  }
}

/** Opens the daemon's WebSocket; each text message is one JSON-RPC message. Throws Unreachable. */
export function openConnection({ port, token }: Pick<Discovery, 'port' | 'token'>): Promise<Connection> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/rpc`, {
    headers: { authorization: `Bearer ${token}` },
    handshakeTimeout: PATIENCE_MS,
    maxPayload: MAX_PAYLOAD,
    perMessageDeflate: false,
    followRedirects: false,
  });
  return new Promise((resolve, reject) => {
    let status: number | undefined;
    socket.once('unexpected-response', (_, response) => {
      status = response.statusCode;
      socket.terminate();
      reject(new Unreachable('denied', `port ${port} answered with HTTP status ${String(status)}`));
    });
    socket.on('error', (error) => reject(new Unreachable('refused', error.message)));
    socket.once('open', () => resolve(connectionOn(socket)));
  });
}

function connectionOn(socket: WebSocket): Connection {
  const rpc = createMessageConnection(new SocketReader(socket), new SocketWriter(socket));
  const closed = new Promise<{ ended: boolean }>((resolve) => {
    socket.once('close', (code) => {
      rpc.dispose();
      resolve({ ended: code === GOING_AWAY });
    });
  });
  // What it cannot read it tells here; the socket's own 'close' decides what becomes of the connection.
  rpc.onError(() => socket.terminate());
  rpc.listen();
  return {
    rpc,
    closed,
    close: () => socket.close(1000),
  };
}

class SocketReader extends AbstractMessageReader {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    super();
    this.#socket = socket;
  }

  listen(callback: DataCallback): Disposable {
    const read = (data: RawData): void => {
      let message: Message;
      try {
        // Text messages come as Buffers.
        message = JSON.parse((data as Buffer).toString()) as Message;
      } catch (error) {
        this.fireError(error);
        return;
      }
      callback(message);
    };
    this.#socket.on('message', read).once('close', () => this.fireClose());
    return { dispose: () => void this.#socket.off('message', read) };
  }
}

class SocketWriter extends AbstractMessageWriter {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    super();
    this.#socket = socket;
  }

  write(message: Message): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(JSON.stringify(message), (error) => (error ? reject(error) : resolve()));
    });
  }

  end(): void {
    this.#socket.close(1000);
  }
}
