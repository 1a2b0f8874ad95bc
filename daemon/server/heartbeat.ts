import type { WebSocket } from 'ws';

/**
 * Pings a client until it goes, and cuts off one that gives no sign of life between two pings. One that is not read from cannot be
 * heard. Answers with what takes note of another sign of life.
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
