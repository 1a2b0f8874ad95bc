import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Why a request is refused: an HTTP status and a line that says nothing about the token. */
export interface Refusal {
  readonly status: 400 | 401 | 403;
  readonly message: string;
}

/** Checks the headers of a request or an upgrade. undefined: it may pass. */
export type Admission = (request: IncomingMessage) => Refusal | undefined;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * The only way in, for HTTP and WebSocket. The Host header has to be this machine's own name for the daemon: a browser could be made
 * to resolve another name to 127.0.0.1 (DNS rebinding). Requests of web pages are refused: browsers send Origin, the daemon's
 * clients do not. The token is compared as digests, in constant time.
 */
export function admission(token: string, port: () => number): Admission {
  if (token.length < 32) throw new Error('the token is too short to keep anybody out');
  const expected = digest(token);
  return (request) => {
    const hosts = request.headersDistinct['host'] ?? [];
    const allowed = [`127.0.0.1:${port()}`, `localhost:${port()}`];
    if (hosts.length !== 1 || !allowed.includes(hosts[0]!))
      return refuse(403, `the daemon answers only at ${allowed[0]!}`);
    if (request.headersDistinct['origin'] !== undefined) return refuse(403, 'the daemon does not answer web pages');
    const given = request.headersDistinct['authorization'] ?? [];
    const shown = given.length === 1 ? /^Bearer ([\x21-\x7e]{1,512})$/.exec(given[0]!)?.[1] : undefined;
    if (!timingSafeEqual(digest(shown ?? ''), expected))
      return refuse(401, 'a token is needed: Authorization: Bearer TOKEN');
    return undefined;
  };
}

const refuse = (status: Refusal['status'], message: string): Refusal => ({ status, message });
