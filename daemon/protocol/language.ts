/** The path of the WebSocket for the Language Server Protocol. Each text frame is one message. */
export const LANGUAGE_PATH = '/lsp';

/** Exit code of a language server that got a malformed message. The protocol itself uses 0 and 1. */
export const MALFORMED_EXIT = 65;

/** The close codes of WebSockets that the daemon uses (RFC 6455, 7.4.1). */
export const CLOSE = {
  normal: 1000,
  /** The daemon ends in order. */
  goingAway: 1001,
  unsupported: 1003,
  malformed: 1007,
  refused: 1008,
  failed: 1011,
} as const;
