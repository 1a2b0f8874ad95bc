const HEADER_END = Buffer.from('\r\n\r\n');
const MAX_HEADER = 4096; // bytes: a length and a content type
const LENGTH = /^content-length: *(\d{1,15}) *$/im;

/** The header of a message of `bytes` bytes, as the Language Server Protocol defines it for streams. */
export const headerOf = (bytes: number): string => `Content-Length: ${bytes}\r\n\r\n`;

/**
 * Splits a stream into its messages (headers, an empty line, content) without parsing them. The returned function takes the chunks; it
 * throws Error for a malformed header and for a message of more than `limit` bytes, after which the stream cannot be used.
 */
export function messagesOf(limit: number, on: (message: Buffer) => void): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let held = 0;
  /** Bytes of the message that is being read, undefined while it is its header. */
  let wanted: number | undefined;

  const take = (chunk: Buffer): void => {
    parts.push(chunk);
    held += chunk.length;
  };
  const taken = (): Buffer => {
    const all = parts.length === 1 ? parts[0]! : Buffer.concat(parts, held);
    [parts, held] = [[], 0];
    return all;
  };
  /** Answers with what is left of the chunk. */
  const readHeader = (chunk: Buffer): Buffer => {
    take(chunk);
    const all = taken();
    const end = all.subarray(0, MAX_HEADER).indexOf(HEADER_END);
    if (end < 0) {
      if (all.length >= MAX_HEADER) throw new Error('a header without an end');
      take(all);
      return all.subarray(all.length);
    }
    const length = LENGTH.exec(all.toString('latin1', 0, end))?.[1];
    if (length === undefined) throw new Error('a header without a length');
    wanted = Number(length);
    if (wanted > limit) throw new Error(`a message of ${wanted} bytes`);
    return all.subarray(end + HEADER_END.length);
  };
  return (chunk) => {
    for (let left = chunk; left.length > 0 || wanted === 0;) {
      if (wanted === undefined) {
        left = readHeader(left);
        continue;
      }
      const missing = wanted - held;
      take(left.subarray(0, missing));
      left = left.subarray(missing);
      if (held < wanted) return;
      wanted = undefined;
      on(taken());
    }
  };
}
