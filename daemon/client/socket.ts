import { AbstractMessageReader, AbstractMessageWriter, createMessageConnection } from 'vscode-jsonrpc/node';
import type { DataCallback, Disposable, Message, MessageConnection } from 'vscode-jsonrpc/node';
import { WebSocket } from 'ws';
import type { RawData } from 'ws';
import type { Discovery } from '../life/discovery.ts';
import { CLOSE } from '../protocol/language.ts';

const PATIENCE_MS = 5000; // a daemon that does not accept a connection in this time does not run
const MAX_PAYLOAD = 64 * 2 ** 20; // bytes; a page of runs with all their settings takes a few megabytes
const PART = 2 ** 20; // bytes

export interface Connection {
  readonly rpc: MessageConnection;
  /** Resolves when the connection is over. ended: the daemon closed it in order; otherwise it broke. */
  readonly closed: Promise<{ ended: boolean }>;
  close(): void;
}

/** Why no daemon was reached. refused: nothing listens there. denied: something listens, but does not accept this token. */
export class Unreachable extends Error {
  readonly why: 'refused' | 'denied';

  constructor(why: Unreachable['why'], message: string) {
    super(message);
    this.why = why;
  }
}

type Address = Pick<Discovery, 'port' | 'token'>;

/** Opens the WebSocket for the protocol of the daemon. Throws Unreachable. */
export const openConnection = async (at: Address): Promise<Connection> =>
  connectionOn(await openSocket(at, '/rpc', MAX_PAYLOAD));

/** Opens one of the daemon's WebSockets; each text message is one JSON-RPC message. Throws Unreachable. */
export function openSocket({ port, token }: Address, path: string, maxPayload: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, {
    headers: { authorization: `Bearer ${token}` },
    handshakeTimeout: PATIENCE_MS,
    maxPayload,
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
    socket.once('open', () => resolve(socket));
  });
}

function connectionOn(socket: WebSocket): Connection {
  const rpc = createMessageConnection(new SocketReader(socket), new SocketWriter(socket));
  const closed = new Promise<{ ended: boolean }>((resolve) => {
    socket.once('close', (code) => {
      rpc.dispose();
      resolve({ ended: code === CLOSE.goingAway });
    });
  });
  // The library reports here what it cannot read. The 'close' event of the socket ends the connection.
  rpc.onError(() => socket.terminate());
  rpc.listen();
  return {
    rpc,
    closed,
    close: () => socket.close(1000),
  };
}

export class SocketReader extends AbstractMessageReader {
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

/** Sends a large message in parts, so that the daemon can serve others between them. */
export class SocketWriter extends AbstractMessageWriter {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    super();
    this.#socket = socket;
  }

  write(message: Message): Promise<void> {
    const bytes = Buffer.from(JSON.stringify(message));
    return new Promise((resolve, reject) => {
      for (let from = 0; from < bytes.length; from += PART) {
        const fin = from + PART >= bytes.length;
        const sent = (error?: Error | null): void => (error ? reject(error) : fin ? resolve() : undefined);
        this.#socket.send(bytes.subarray(from, from + PART), { binary: false, fin }, sent);
      }
    });
  }

  end(): void {
    this.#socket.close(1000);
  }
}
