import { AbstractMessageReader, AbstractMessageWriter, ErrorCodes, Message } from 'vscode-jsonrpc/node';
import type {
  DataCallback,
  Disposable,
  NotificationMessage,
  RequestMessage,
  ResponseMessage,
} from 'vscode-jsonrpc/node';
import type { RawData, WebSocket } from 'ws';
import { CLOSE } from '../protocol/language.ts';
import { CANCEL } from '../protocol/method.ts';
import { errorAnswer } from './answer.ts';
import type { Limits } from './limits.ts';

const MAX_METHOD = 200; // characters
const MAX_ID = 100; // characters

/** A message that was read and not handed on yet. */
interface Waiting {
  readonly message: Message;
  readonly bytes: number;
}

/**
 * The requests of a client that wait for their answer. Only so many are worked on at once, and none is begun while the client
 * leaves too much of what it was sent unread. Requests beyond that wait here. When as many wait as are worked on, the client is
 * no longer read from, and what it sends waits in its own memory. Until then a cancellation is read and obeyed at once.
 */
export class Intake {
  readonly #ids = new Set<string>();
  readonly #waiting: Waiting[] = [];
  readonly #socket: WebSocket;
  readonly #limits: Limits;
  #inHand = 0;
  #waitingBytes = 0;
  #deliver: DataCallback = () => undefined;

  constructor(socket: WebSocket, limits: Limits) {
    this.#socket = socket;
    this.#limits = limits;
  }

  /** Sets where messages are handed on to. */
  to(deliver: DataCallback): void {
    this.#deliver = deliver;
  }

  /** Takes a request that has come with its size. false: a request of that id is here already. */
  take(message: RequestMessage, bytes: number): boolean {
    if (this.#ids.has(String(message.id))) return false;
    this.#ids.add(String(message.id));
    this.#wait(message, bytes);
    return true;
  }

  /** Hands on that a request is taken back: at once, or behind the request where that waits itself. */
  cancel(message: NotificationMessage, bytes: number): void {
    const { id } = message.params as unknown as { id: string | number };
    if (!this.#ids.has(String(id))) return; // it has been answered
    const waits = this.#waiting.some((one) => Message.isRequest(one.message) && one.message.id === id);
    if (waits) this.#wait(message, bytes);
    else this.#deliver(message);
  }

  answered(id: string | number | null): void {
    if (this.#ids.delete(String(id))) this.#inHand--;
  }

  /** Hands on the messages that may be handed on. Call it when a request was answered or bytes have left. */
  goOn(): void {
    while (this.#waiting.length > 0 && !this.#isFull()) {
      const { message, bytes } = this.#waiting.shift()!;
      this.#waitingBytes -= bytes;
      if (Message.isRequest(message)) this.#inHand++;
      this.#deliver(message);
    }
    const { requestsInHand, bufferedBytes } = this.#limits;
    if (this.#waiting.length >= requestsInHand || this.#waitingBytes > bufferedBytes) this.#socket.pause();
    else if (this.#socket.isPaused) this.#socket.resume();
  }

  #wait(message: Message, bytes: number): void {
    this.#waiting.push({ message, bytes });
    this.#waitingBytes += bytes;
    this.goOn();
  }

  /** Whether the client waits for answers: it may not be read from, and then its answers to pings are not seen. */
  isBusy(): boolean {
    return this.#inHand >= this.#limits.requestsInHand;
  }

  #isFull(): boolean {
    return this.isBusy() || this.#socket.bufferedAmount > this.#limits.bufferedBytes;
  }
}

/** One text frame is one JSON-RPC message. A client that sends anything else is disconnected. */
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
      if (binary) return this.#socket.close(CLOSE.unsupported, 'messages are text');
      const message = parse((data as Buffer).toString('utf8'));
      if (message === undefined) return this.#socket.close(CLOSE.malformed, 'not a JSON-RPC 2.0 message');
      const { length } = data as Buffer;
      if (Message.isRequest(message)) {
        if (!this.#intake.take(message, length)) this.#socket.close(CLOSE.refused, 'two requests with one id');
      } else if ((message as NotificationMessage).method === CANCEL)
        this.#intake.cancel(message as NotificationMessage, length);
      // Answers and other notifications were not asked for: ignore them.
    };
    this.#intake.to(callback);
    this.#socket.on('message', read).once('close', () => this.fireClose());
    return { dispose: () => void this.#socket.off('message', read) };
  }
}

/** A valid message, else undefined. vscode-jsonrpc does not check ids or the params of a cancellation itself. */
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
  if (method === CANCEL && (id !== undefined || !isId((params as { id?: unknown } | undefined)?.id))) return undefined;
  return message as Message;
}

const isId = (id: unknown): id is string | number =>
  typeof id === 'number' ? Number.isFinite(id) : typeof id === 'string' && id.length <= MAX_ID;

/** Sends a text message. It is no error where the socket has closed meanwhile. */
export type Send = (text: Buffer | string) => void;

export class SocketWriter extends AbstractMessageWriter {
  readonly #socket: WebSocket;
  readonly #send: Send;
  readonly #intake: Intake;
  readonly #limits: Limits;

  constructor(socket: WebSocket, send: Send, intake: Intake, limits: Limits) {
    super();
    this.#socket = socket;
    this.#send = send;
    this.#intake = intake;
    this.#limits = limits;
  }

  write(message: Message): Promise<void> {
    const answer = Message.isResponse(message) ? message : undefined;
    if (answer !== undefined) this.#intake.answered(answer.id);
    this.#send(this.#text(message, answer));
    return Promise.resolve();
  }

  #text(message: Message, answer: ResponseMessage | undefined): string {
    const text = JSON.stringify(message);
    if (answer === undefined || text.length <= this.#limits.resultBytes) return text;
    const error = errorAnswer(
      ErrorCodes.InternalError,
      'the answer is too large for one message: ask for fewer',
      'usage',
    );
    return JSON.stringify({ jsonrpc: '2.0', id: answer.id, error: error.toJson() });
  }

  end(): void {
    this.#socket.close(1000);
  }
}
