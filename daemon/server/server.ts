import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Express } from 'express';
import { WebSocketServer } from 'ws';
import type { ServerOptions as SocketOptions, WebSocket } from 'ws';
import { defaultUser } from '../catalog/owners.ts';
import { VeraError } from '../protocol/errors.ts';
import { CLOSE, LANGUAGE_PATH } from '../protocol/language.ts';
import { admission } from './authentication.ts';
import { openReader } from '../serve/reader/reader.ts';
import type { Daemon, ServerOptions } from './context.ts';
import { openFeed } from './feed.ts';
import { SERVED } from './handlers/registry.ts';
import { httpApp } from './http.ts';
import { serveLanguage } from './language.ts';
import type { LanguageRelay } from './language.ts';
import { LIMITS } from './limits.ts';
import type { Limits } from './limits.ts';
import { openMetrics } from './metrics.ts';
import { serve } from './rpc.ts';
import { watchStrangers } from './strangers.ts';

export type { ServerOptions } from './context.ts';

/** Only this machine can reach it; IPv6 would be a second door to guard. */
const HOST = '127.0.0.1';
/** The path of the protocol's WebSocket. */
const RPC_PATH = '/rpc';

export interface RunningServer {
  readonly port: number;
  /** The HTTP routes, for tests that try them all. */
  readonly app: Express;
  /** Paths of the WebSockets. */
  readonly upgrades: readonly string[];
  /** Clients that are connected, editors included. */
  clients(): number;
  /** Processes of language servers. */
  languagePids(): number[];
  /** Connections that have not shown the token. */
  strangers(): number;
  close(): Promise<void>;
}

/** Serves the protocol and a few HTTP routes on a port of this machine, to clients that have the token. Throws VeraError 'daemon'. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const limits: Limits = { ...LIMITS, ...options.limits };
  const { catalog, queue, engines, version, log, life, token, served = SERVED } = options;
  const socketOptions: SocketOptions & { closeTimeout: number } = {
    noServer: true,
    maxFragments: limits.fragments,
    perMessageDeflate: false, // a small frame could become a large message
    clientTracking: true,
    closeTimeout: limits.closeMs,
  };
  const rpcSockets = new WebSocketServer({
    ...socketOptions,
    maxPayload: limits.frameBytes,
    maxBufferedChunks: limits.chunks,
  });
  const languageSockets = new WebSocketServer({
    ...socketOptions,
    maxPayload: limits.languageFrameBytes,
    maxBufferedChunks: limits.languageChunks,
  });
  const languages = new Set<LanguageRelay>();
  const allClients = (): WebSocket[] => [...rpcSockets.clients, ...languageSockets.clients];
  const clients = (): number => rpcSockets.clients.size + languageSockets.clients.size;
  const reader = openReader();
  const daemon: Daemon = { catalog, queue, engines, reader, version, log, life, limits, clients, actor: defaultUser() };
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
      requireHostHeader: false, // our own check answers with the reason
    },
    app,
  );
  server.maxConnections = limits.connections;
  server.setTimeout(limits.silenceMs);
  const strangers = watchStrangers(server, limits.strangers);
  // Without this Node would ask for the body before the token was checked.
  server.on('checkContinue', (request: IncomingMessage, response) => {
    if (admit(request) === undefined) response.writeContinue();
    app(request, response);
  });

  function letIn(request: IncomingMessage): ReturnType<typeof admit> {
    const refusal = admit(request);
    if (refusal === undefined) strangers.admit(request.socket);
    return refusal;
  }

  const doors = new Map([
    [RPC_PATH, rpcSockets],
    [LANGUAGE_PATH, languageSockets],
  ]);
  rpcSockets.on('connection', (client) => serve(client, daemon, feed, metrics, served));
  languageSockets.on('connection', (client) => {
    const relay = serveLanguage(client, daemon);
    if (relay === undefined) return;
    languages.add(relay);
    void relay.ended.then(() => languages.delete(relay));
  });
  server.on('upgrade', (request: IncomingMessage, _stream: Duplex, head: Buffer) => {
    const { socket } = request;
    socket.on('error', () => socket.destroy());
    const refusal = letIn(request);
    if (refusal !== undefined) return refuse(socket, refusal.status, refusal.message);
    const door = request.url === undefined ? undefined : doors.get(request.url);
    if (door === undefined) return refuse(socket, 404, `the protocol is spoken at ${RPC_PATH}`);
    if (door === languageSockets && languages.size >= limits.languageClients)
      return refuse(socket, 503, `${languages.size} editors are connected, which is the most: close a window`);
    socket.setTimeout(0); // from here on pings find dead connections
    door.handleUpgrade(request, socket, head, (client) => door.emit('connection', client, request));
  });
  port = await listen(server, options.port ?? 0);

  return {
    port,
    app,
    upgrades: [...doors.keys()],
    clients,
    languagePids: () => Array.from(languages, ({ pid }) => pid),
    strangers: () => strangers.count(),
    async close() {
      feed.close();
      reader.stop();
      const closed = new Promise((resolve) => server.close(resolve));
      for (const client of allClients()) client.close(CLOSE.goingAway, 'the daemon ends');
      server.closeIdleConnections();
      const late = setTimeout(() => {
        for (const client of allClients()) client.terminate();
        for (const relay of languages) relay.kill();
        server.closeAllConnections();
      }, limits.closeMs);
      await closed;
      await Promise.all(Array.from(languages, ({ ended }) => ended));
      clearTimeout(late);
    },
  };
}

const REASONS: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  503: 'Service Unavailable',
};

/** Refuses an upgrade with an HTTP answer. */
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
