/** Where the daemon speaks the Language Server Protocol: a WebSocket beside that of its own protocol, a message a text frame. */
export const LANGUAGE_PATH = '/lsp';

/** Exit code of a language server that was sent what is no message; 0 and 1 are the protocol's own. */
export const MALFORMED_EXIT = 65;

/** WebSocket's close codes as the daemon uses them (RFC 6455, 7.4.1). */
export const CLOSE = {
  normal: 1000,
  /** The daemon ends in order. */
  goingAway: 1001,
  unsupported: 1003,
  malformed: 1007,
  refused: 1008,
  failed: 1011,
} as const;
