import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Express } from 'express';
import { WebSocketServer } from 'ws';
import type { ServerOptions as SocketOptions } from 'ws';
import { defaultUser } from '../catalog/owners.ts';
import { VeraError } from '../protocol/errors.ts';
import { admission } from './authentication.ts';
import type { Daemon, ServerOptions } from './context.ts';
import { openFeed } from './feed.ts';
import { httpApp } from './http.ts';
import { LIMITS } from './limits.ts';
import type { Limits } from './limits.ts';
import { openMetrics } from './metrics.ts';
import { serve } from './rpc.ts';
import { watchStrangers } from './strangers.ts';

export type { ServerOptions } from './context.ts';

/** Only this machine can reach it; IPv6 would be a second door to guard. */
const HOST = '127.0.0.1';
/** Where the protocol is spoken. */
export const RPC_PATH = '/rpc';
/** WebSocket's "going away": the daemon ends in order. */
const GOING_AWAY = 1001;

export interface RunningServer {
  readonly port: number;
  /** The routes, for whoever wants to try them all. */
  readonly app: Express;
  /** Clients that are connected. */
  clients(): number;
  /** Connections that have not shown the token. */
  strangers(): number;
  close(): Promise<void>;
}

/** Serves the protocol and a few HTTP routes on a port of this machine, to whoever has the token. Throws VeraError 'daemon'. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const limits: Limits = { ...LIMITS, ...options.limits };
  const { catalog, queue, version, log, life, token } = options;
  const socketOptions: SocketOptions & { closeTimeout: number } = {
    noServer: true,
    maxPayload: limits.frameBytes,
    maxFragments: limits.fragments,
    maxBufferedChunks: limits.chunks,
    perMessageDeflate: false, // a small frame could become a large message
    clientTracking: true,
    closeTimeout: limits.closeMs,
  };
  const webSockets = new WebSocketServer(socketOptions);
  const clients = (): number => webSockets.clients.size;
  const daemon: Daemon = { catalog, queue, version, log, life, limits, clients, actor: defaultUser() };
  const metrics = openMetrics(daemon);
  const feed = await openFeed(catalog, limits);
  let port = 0;
  const admit = admission(token, () => port);
  const app = httpApp(daemon, metrics, (request) => letIn(request));
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: limits.checkMs,
      insecureHTTPParser: false,
      requireHostHeader: false, // ours answers with the reason, and to a request without it too
    },
    app,
  );
  server.maxConnections = limits.connections;
  server.setTimeout(limits.silenceMs);
  const strangers = watchStrangers(server, limits.strangers);
  // Without this Node would ask a stranger for the body before anybody has looked at the token.
  server.on('checkContinue', (request: IncomingMessage, response) => {
    if (admit(request) === undefined) response.writeContinue();
    app(request, response);
  });

  function letIn(request: IncomingMessage): ReturnType<typeof admit> {
    const refusal = admit(request);
    if (refusal === undefined) strangers.admit(request.socket);
    return refusal;
  }

  server.on('upgrade', (request: IncomingMessage, _stream: Duplex, head: Buffer) => {
    const { socket } = request;
    socket.on('error', () => socket.destroy());
    const refusal = letIn(request);
    if (refusal !== undefined) return refuse(socket, refusal.status, refusal.message);
    if (request.url !== RPC_PATH) return refuse(socket, 404, `the protocol is spoken at ${RPC_PATH}`);
    socket.setTimeout(0); // from here on pings tell who is there
    webSockets.handleUpgrade(request, socket, head, (client) => serve(client, daemon, feed, metrics));
  });
  port = await listen(server, options.port ?? 0);

  return {
    port,
    app,
    clients,
    strangers: () => strangers.count(),
    async close() {
      feed.close();
      const closed = new Promise((resolve) => server.close(resolve));
      for (const client of webSockets.clients) client.close(GOING_AWAY, 'the daemon ends');
      server.closeIdleConnections();
      const late = setTimeout(() => {
        for (const client of webSockets.clients) client.terminate();
        server.closeAllConnections();
      }, limits.closeMs);
      await closed;
      clearTimeout(late);
    },
  };
}

const REASONS: Record<number, string> = { 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found' };

/** Answers an upgrade that is not to be, as HTTP. */
function refuse(socket: Socket, status: number, message: string): void {
  const body = JSON.stringify({ error: { code: 'daemon', message } });
  const head = [
    `HTTP/1.1 ${status} ${REASONS[status] ?? 'Refused'}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.once('finish', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'it is taken' : error.message;
      reject(
        new VeraError('daemon', `port ${port} cannot be listened on: ${why}; choose another, or 0 for a free one`),
      );
    });
    server.listen({ host: HOST, port, exclusive: true }, () => resolve((server.address() as AddressInfo).port));
  });
}
