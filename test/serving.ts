/** A real server on a catalog and a queue of its own, in this process, and clients that can misbehave. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { openCatalog } from '../daemon/catalog/open.ts';
import type { Catalog } from '../daemon/catalog/open.ts';
import { createQueue } from '../daemon/jobs/queue.ts';
import type { Queue } from '../daemon/jobs/queue.ts';
import { type Engines, openEngines } from '../daemon/serve/engines.ts';
import type { Served } from '../daemon/server/context.ts';
import type { Limits } from '../daemon/server/limits.ts';
import { startServer } from '../daemon/server/server.ts';
import type { RunningServer } from '../daemon/server/server.ts';
import { SERVED_FORMAT } from '../daemon/weights/registry.ts';

export interface Serving {
  server: RunningServer;
  catalog: Catalog;
  queue: Queue;
  engines: Engines;
  token: string;
  port: number;
  home: string;
  /** All log entries. */
  logged: string[];
  close(): Promise<void>;
}

/** Serves the state folder `home`. Its queue takes jobs and starts none. `served`: in place of the protocol's methods. */
export async function serving(
  home: string,
  limits: Partial<Limits> = {},
  served?: ReadonlyMap<string, Served>,
  idleMs = 60_000,
): Promise<Serving> {
  process.env['VERA_HOME'] = home;
  const logged: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line) => void logged.push(line) });
  const catalog = await openCatalog(join(home, 'catalog', 'catalog.db'));
  const queue = createQueue({ catalog, log });
  const engines = openEngines({ catalog, log, precision: SERVED_FORMAT.name, threads: 1, idleMs });
  const token = randomBytes(32).toString('base64url');
  const life = {
    startedAt: Date.now(),
    stop: async () => {},
    drain: () => {},
    draining: () => false,
    idleAt: () => null,
  };
  const server = await startServer({
    ...{ catalog, queue, engines, token, version: '0.0.0-test', log, limits },
    ...(served === undefined ? {} : { served }),
    life: { ...life, logsFolder: join(home, 'logs') },
  });
  return {
    ...{ server, catalog, queue, engines, token, port: server.port, home, logged },
    async close() {
      await server.close();
      await engines.stop();
      await queue.stop();
      await catalog.close();
    },
  };
}

export interface Reply {
  /** 0: the connection ended without an answer. */
  status: number;
  head: string;
  body: string;
}

/** Sends bytes as they are, and reads until the other side ends or, after an upgrade, has answered. */
export function sendRaw(port: number, bytes: string | Buffer, { timeoutMs = 20_000 } = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    const chunks: Buffer[] = [];
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error('no answer in time'));
    }, timeoutMs);
    const done = (): void => {
      clearTimeout(timer);
      socket.destroy();
      const text = Buffer.concat(chunks).toString('latin1');
      const [head = '', ...rest] = text.split('\r\n\r\n');
      resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), head, body: rest.join('\r\n\r\n') });
    };
    socket.on('connect', () => socket.write(bytes));
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (chunks.length === 1 && chunk.toString('latin1').startsWith('HTTP/1.1 101')) done();
    });
    socket.on('close', done);
    // What it has said before it cut the connection counts.
    socket.on('error', () => socket.destroy());
  });
}

/** A WebSocket with the token, open. */
export async function openSocket({ port, token }: Pick<Serving, 'port' | 'token'>, path = '/rpc'): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
  });
  await once(socket, 'open');
  return socket;
}

/* eslint-disable @typescript-eslint/no-explicit-any -- what comes over the wire is looked at as it is */
export interface RawClient {
  socket: WebSocket;
  /** Answers with the whole message: {result} or {error}. */
  ask: (method: string, params?: unknown) => Promise<any>;
  /** Every notification that came. */
  notices: { method: string; params: any }[];
  closed: Promise<{ code: number; reason: string }>;
}

/** A client that sends any params, without checking them. */
export async function rawClient(at: Pick<Serving, 'port' | 'token'>): Promise<RawClient> {
  const socket = await openSocket(at);
  const waiting = new Map<number, { resolve: (message: unknown) => void; reject: (error: Error) => void }>();
  const notices: RawClient['notices'] = [];
  let id = 0;
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString('utf8'));
    if (message.method !== undefined) notices.push(message);
    else {
      waiting.get(message.id)?.resolve(message);
      waiting.delete(message.id);
    }
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => {
      for (const { reject } of waiting.values()) reject(new Error(`closed: ${code} ${reason.toString()}`));
      resolve({ code, reason: reason.toString() });
    });
  });
  socket.on('error', () => {});
  return {
    ...{ socket, notices, closed },
    ask(method, params) {
      return new Promise((resolve, reject) => {
        waiting.set(++id, { resolve, reject });
        socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) }));
      });
    },
  };
}

/** Waits until a condition holds; throws with `what` in its message if that takes too long. */
export async function until(what: string, holds: () => boolean, timeoutMs = 10_000): Promise<void> {
  for (const end = performance.now() + timeoutMs; !holds();) {
    if (performance.now() > end) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
