const MB = 2 ** 20;

/** The most that the server accepts from any client, each with its reason. */
export const LIMITS = {
  /** Bytes of a message from a client: every request of the protocol fits many times over (ws itself takes 100 MiB). */
  frameBytes: MB,
  /** Parts of one message; a part of one byte costs a hundred in memory. */
  fragments: 256,
  /** Pieces in which a frame may arrive before it is complete, for the same reason. */
  chunks: 4096,
  /**
   * Bytes of a message of an editor: VS Code sends whole documents of up to 50 Mi characters of at most three bytes, and the rest of
   * the message needs some room.
   */
  languageFrameBytes: 160 * MB,
  /** Pieces in which a frame of that size may arrive before it is complete. */
  languageChunks: 32_768,
  /** Editors at once: each window has one, and each needs a process of its own with some 100 MB. */
  languageClients: 16,
  /** Bytes of an answer; clients of this protocol accept twice as many. */
  resultBytes: 32 * MB,
  /** Requests of one client that are worked on at once; as many more may wait. */
  requestsInHand: 32,
  /** Bytes that may wait for a client that does not read. Beyond that no event is sent to it and none of its requests begins. */
  bufferedBytes: MB / 4,
  /** Values of one request that may wait for a client that reads slowly. Handlers wait for each value to leave. */
  waitingProgress: 64,
  /** Subscriptions of one client. */
  subscriptions: 64,
  /** Bytes of headers. */
  headerBytes: 8192,
  /** Bytes of an upload. A larger dataset should be on the daemon's machine, which reads it in place. */
  uploadBytes: 4096 * MB,
  /** Uploads at once. */
  uploads: 8,
  /** Bytes of a request for generated text: a prompt of a million tokens. */
  promptBytes: 8 * MB,
  /** Answers that are generated or waited for at once, of all clients: fewer than an engine lets wait. The next are refused. */
  answers: 512,
  /** Answers of one request: its prompts times `n`. */
  answersOfRequest: 128,
  /** Adapters, and bases, in the list of models: more than anybody reads. The newest are listed. */
  listedModels: 1000,
  /** Connections at once: far more than a thousand subscribers, far fewer than a process may open. */
  connections: 4096,
  /** Connections without a token so far. A new one replaces the oldest, so that a flood locks out nobody. */
  strangers: 256,
  /** Time for a connection to send its headers. */
  headersMs: 10_000,
  /** Time between checks for connections that are too slow. */
  checkMs: 2000,
  /** Time a connection may be silent in the middle of a request. */
  silenceMs: 60_000,
  /** Time for a whole request, including an upload of the largest size. */
  requestMs: 30 * 60_000,
  /** Time between pings. A client that has not answered the last one is disconnected. */
  pingMs: 30_000,
  /** Time that clients get to close when the server closes. */
  closeMs: 1000,
  /** Events that a subscription may be behind. One that is further behind continues from the newest. */
  lag: 10_000,
  /** Events kept serialised for all subscriptions. */
  recentEvents: 2000,
  /** Characters of events kept serialised. */
  recentCharacters: 8 * MB,
  /** Events read from the log at once for a subscription. */
  pageEvents: 200,
  /** Jobs whose state is sent to a reader that was too slow. */
  skippedJobs: 200,
  /** Characters of those states. */
  skippedCharacters: 4 * MB,
};
export type Limits = typeof LIMITS;
