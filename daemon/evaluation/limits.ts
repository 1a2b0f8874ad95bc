/** Requests that are answered at the same time. Each has its own cache of keys and values. */
export const ROWS = 16;
/** Most tokens of an answer. */
export const ANSWER_TOKENS = 256;
