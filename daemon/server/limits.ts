const MB = 2 ** 20;

/** What the server takes at most, from anybody, each with its reason. */
export const LIMITS = {
  /** Bytes of a message from a client: every request of the protocol fits many times over (ws itself takes 100 MiB). */
  frameBytes: MB,
  /** Parts of one message; a part of one byte costs a hundred in memory. */
  fragments: 256,
  /** Pieces in which a frame may arrive before it is complete, for the same reason. */
  chunks: 4096,
  /**
   * Bytes of a message of an editor's: VS Code sends documents of up to 50 Mi characters whole, which have three bytes each at
   * most, and room for the rest of the message.
   */
  languageFrameBytes: 160 * MB,
  /** Pieces in which a frame of that size may arrive before it is complete. */
  languageChunks: 32_768,
  /** Editors at once: a window has one, and each costs a process of its own with some 100 MB. */
  languageClients: 16,
  /** Bytes of an answer: what the clients of this protocol take is twice that. */
  resultBytes: 32 * MB,
  /** Requests of one client in hand at once; it is not read from while it has more. */
  requestsInHand: 32,
  /** Bytes waiting for a client that does not read: it is sent no event and read no request beyond that. */
  bufferedBytes: MB / 4,
  /** Values of one request that may wait for a client that reads slowly; whoever sends them has been told to wait. */
  waitingProgress: 64,
  /** Subscriptions of one client. */
  subscriptions: 64,
  /** Bytes of headers. */
  headerBytes: 8192,
  /** Bytes of an upload. A larger dataset is on the daemon's machine already and is read where it lies. */
  uploadBytes: 4096 * MB,
  /** Uploads at once. */
  uploads: 8,
  /** Connections at once: well above a thousand subscribers, well below what a process may open. */
  connections: 4096,
  /** Connections that have shown no token yet; a new one takes the place of the oldest, so that a flood locks nobody out. */
  strangers: 256,
  /** Time for a connection to send its headers. */
  headersMs: 10_000,
  /** Time between looks at which connections are too slow. */
  checkMs: 2000,
  /** Time a connection may be silent in the middle of a request. */
  silenceMs: 60_000,
  /** Time for a whole request, an upload of the largest size included. */
  requestMs: 30 * 60_000,
  /** Time between pings; a client that has not answered the last one is cut. */
  pingMs: 30_000,
  /** Time for clients to close when the server does. */
  closeMs: 1000,
  /** Events a subscription may be behind; one that is further behind goes on from the newest. */
  lag: 10_000,
  /** Events kept serialised for all subscriptions. */
  recentEvents: 2000,
  /** Characters of events kept serialised. */
  recentCharacters: 8 * MB,
  /** Events read from the log at once for a subscription. */
  pageEvents: 200,
  /** Jobs whose state a reader gets that was too slow. */
  skippedJobs: 200,
  /** Characters of those states. */
  skippedCharacters: 4 * MB,
};
export type Limits = typeof LIMITS;
