import type { MessageReader, MessageWriter } from 'vscode-jsonrpc/node';
import { CLOSE, LANGUAGE_PATH } from '../protocol/language.ts';
import { reach } from './reach.ts';
import type { ReachOptions } from './reach.ts';
import { openSocket, SocketReader, SocketWriter } from './socket.ts';

const MAX_PAYLOAD = 160 * 2 ** 20; // bytes; mending every row of a large document writes all of it anew

/** A language server behind the daemon's socket. */
export interface LanguageConnection {
  readonly reader: MessageReader;
  readonly writer: MessageWriter;
  /** Resolves when it is over. ended: the daemon was stopped, or left for lack of work. */
  readonly closed: Promise<{ readonly ended: boolean; readonly why: string }>;
  close(): void;
}

/** Connects an editor with a language server of the daemon, which is started where it does not run. Throws Error. */
export async function connectLanguage(options: ReachOptions = {}): Promise<LanguageConnection> {
  const { connection, discovery } = await reach(options);
  try {
    const socket = await openSocket(discovery, LANGUAGE_PATH, MAX_PAYLOAD);
    const closed = new Promise<{ ended: boolean; why: string }>((resolve) => {
      socket.once('close', (code, reason) =>
        resolve({ ended: code === CLOSE.goingAway, why: reason.length > 0 ? reason.toString() : `closed (${code})` }),
      );
    });
    const close = (): void => socket.close(CLOSE.normal);
    return { reader: new SocketReader(socket), writer: new SocketWriter(socket), closed, close };
  } finally {
    connection.close();
  }
}
