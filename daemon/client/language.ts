import type { MessageReader, MessageWriter } from 'vscode-jsonrpc/node';
import { CLOSE, LANGUAGE_PATH } from '../protocol/language.ts';
import { reach } from './reach.ts';
import type { ReachOptions } from './reach.ts';
import { openSocket, SocketReader, SocketWriter } from './socket.ts';

const MAX_PAYLOAD = 160 * 2 ** 20; // bytes; a quick fix for every row of a large document sends all of it again

/** A language server behind the daemon's socket. */
export interface LanguageConnection {
  readonly reader: MessageReader;
  readonly writer: MessageWriter;
  /** Resolves when the connection is over. ended: the daemon was stopped, or ended because it had no work. */
  readonly closed: Promise<{ readonly ended: boolean; readonly why: string }>;
  close(): void;
}

/** Connects an editor with a language server of the daemon. Starts the daemon if it does not run. Throws Error. */
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
