import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Connections that have not shown the token. At most `limit` of them are kept: a new one ends the oldest, so a flood of connections
 * costs little and locks out no client that has the token. `admit` takes a connection off the list.
 */
export function watchStrangers(server: Server, limit: number): { admit(socket: Socket): void; count(): number } {
  const strangers = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    strangers.add(socket);
    socket.once('close', () => strangers.delete(socket));
    if (strangers.size <= limit) return;
    const [oldest] = strangers;
    strangers.delete(oldest!);
    oldest!.destroy();
  });
  return { admit: (socket) => void strangers.delete(socket), count: () => strangers.size };
}
