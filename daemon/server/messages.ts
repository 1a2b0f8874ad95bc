import { AbstractMessageReader, AbstractMessageWriter, ErrorCodes, Message } from 'vscode-jsonrpc/node';
import type { DataCallback, Disposable, ResponseMessage } from 'vscode-jsonrpc/node';
import type { RawData, WebSocket } from 'ws';
import { told } from './answer.ts';
import type { Limits } from './limits.ts';

/** WebSocket's close codes for what is no message of ours (RFC 6455, 7.4.1). */
const UNSUPPORTED = 1003;
const MALFORMED = 1007;
const REFUSED = 1008;

const MAX_METHOD = 200; // characters
const MAX_ID = 100; // characters

/**
 * The requests of a client that wait for their answer. While there are too many, or the client leaves too many answers unread,
 * it is not read from: what it sends then waits in its own memory and not in ours.
 */
export class Intake {
  readonly #ids = new Set<string>();
  readonly #socket: WebSocket;
  readonly #limits: Limits;

  constructor(socket: WebSocket, limits: Limits) {
    this.#socket = socket;
    this.#limits = limits;
  }

  /** false: a request of that id is in hand already. */
  take(id: string | number): boolean {
    if (this.#ids.has(String(id))) return false;
    this.#ids.add(String(id));
    if (this.isFull()) this.#socket.pause();
    return true;
  }

  answered(id: string | number | null): void {
    this.#ids.delete(String(id));
  }

  /** To be called when an answer has left. */
  drained(): void {
    if (this.#socket.isPaused && !this.isFull()) this.#socket.resume();
  }

  /** Whether the client waits for us, and so need not answer pings. */
  isBusy(): boolean {
    return this.#ids.size >= this.#limits.requestsInHand;
  }

  isFull(): boolean {
    return this.isBusy() || this.#socket.bufferedAmount > this.#limits.bufferedBytes;
  }
}

/** One text frame is one JSON-RPC message. Whoever sends anything else is cut off. */
export class SocketReader extends AbstractMessageReader {
  readonly #socket: WebSocket;
  readonly #intake: Intake;

  constructor(socket: WebSocket, intake: Intake) {
    super();
    this.#socket = socket;
    this.#intake = intake;
  }

  listen(callback: DataCallback): Disposable {
    const read = (data: RawData, binary: boolean): void => {
      if (this.#socket.readyState !== this.#socket.OPEN) return;
      if (binary) return this.#socket.close(UNSUPPORTED, 'messages are text');
      const message = parse((data as Buffer).toString('utf8'));
      if (message === undefined) return this.#socket.close(MALFORMED, 'not a JSON-RPC 2.0 message');
      if (Message.isRequest(message)) {
        if (!this.#intake.take(message.id!)) return this.#socket.close(REFUSED, 'two requests with one id');
      } else if (!Message.isNotification(message) || message.method !== '$/cancelRequest') return;
      callback(message);
    };
    this.#socket.on('message', read).once('close', () => this.fireClose());
    return { dispose: () => void this.#socket.off('message', read) };
  }
}

/** A message that vscode-jsonrpc can be given: it trusts ids and the params of a cancellation to be what they should be. */
function parse(text: string): Message | undefined {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof message !== 'object' || message === null) return undefined;
  const { jsonrpc, method, id, params } = message as Record<string, unknown>;
  if (jsonrpc !== '2.0' || typeof method !== 'string' || method.length > MAX_METHOD) return undefined;
  if (id !== undefined && !isId(id)) return undefined;
  if (params !== undefined && (typeof params !== 'object' || params === null)) return undefined;
  if (method === '$/cancelRequest' && (id !== undefined || !isId((params as { id?: unknown } | undefined)?.id)))
    return undefined;
  return message as Message;
}

const isId = (id: unknown): id is string | number =>
  typeof id === 'number' ? Number.isFinite(id) : typeof id === 'string' && id.length <= MAX_ID;

export class SocketWriter extends AbstractMessageWriter {
  readonly #socket: WebSocket;
  readonly #intake: Intake;
  readonly #limits: Limits;

  constructor(socket: WebSocket, intake: Intake, limits: Limits) {
    super();
    this.#socket = socket;
    this.#intake = intake;
    this.#limits = limits;
  }

  /** Never rejects: a client that is gone is told by the socket's 'close'. */
  write(message: Message): Promise<void> {
    return new Promise((resolve) => {
      const answer = Message.isResponse(message) ? message : undefined;
      if (answer !== undefined) this.#intake.answered(answer.id);
      this.#socket.send(this.#text(message, answer), () => {
        this.#intake.drained();
        resolve();
      });
    });
  }

  #text(message: Message, answer: ResponseMessage | undefined): Buffer | string {
    const text = JSON.stringify(message);
    if (answer === undefined || text.length <= this.#limits.resultBytes) return text;
    const error = told(ErrorCodes.InternalError, 'the answer is too large for one message: ask for fewer', 'usage');
    return JSON.stringify({ jsonrpc: '2.0', id: answer.id, error: error.toJson() });
  }

  end(): void {
    this.#socket.close(1000);
  }
}
