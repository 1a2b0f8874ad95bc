import type { WebSocket } from 'ws';

/**
 * Pings a client until it goes, and disconnects it where no sign of life came between two pings. `isHeard`: false while the client is
 * not read from, and so cannot answer. Returns a function that notes another sign of life.
 */
export function watchHeartbeat(socket: WebSocket, pingMs: number, isHeard: () => boolean): () => void {
  let alive = true;
  const note = (): void => void (alive = true);
  socket.on('pong', note).on('message', note);
  const heartbeat = setInterval(() => {
    if (!alive && isHeard()) return socket.terminate();
    alive = false;
    socket.ping();
  }, pingMs);
  socket.once('close', () => clearInterval(heartbeat));
  return note;
}
