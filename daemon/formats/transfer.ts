import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pauseMs } from '../protocol/backoff.ts';
import { VeraError } from '../protocol/errors.ts';
import { syncFolder } from './atomic.ts';
import { quote } from './quote.ts';
import { ioError } from './read.ts';

const MAX_FAILURES = 4; // failed tries in a row; a try that brought some bytes resets the count
const DELAYS = { firstMs: 250, longestMs: 30_000 }; // the longest also limits what a server asks for with Retry-After
const STALL_MS = 60_000; // a connection that is silent for this long is given up

/** The hash that a file must have: SHA-256 (LFS), or Git's SHA-1 of "blob <size>\0" and the bytes. */
export interface Digest {
  kind: 'sha256' | 'git';
  hex: string;
}

export interface RequestOptions {
  headers: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** The error for an HTTP status that is not a success. */
  refuse: (status: number) => VeraError;
}

export interface Transfer extends RequestOptions {
  url: string;
  target: string;
  /** Exact size in bytes. */
  size: number;
  digest?: Digest | undefined;
  /** Called with the number of bytes of this file that are on the disk. */
  onBytes: (done: number) => void;
}

/** A failure that may be temporary, so the download is tried again. */
class Passing extends Error {
  readonly waitMs: number;
  readonly final: VeraError;
  /** The server cannot continue at the end of the part. */
  readonly restart: boolean;
  constructor(final: VeraError, waitMs = 0, restart = false) {
    super(final.message);
    this.final = final;
    this.waitMs = waitMs;
    this.restart = restart;
  }
}

/**
 * Downloads one file. It writes a part file beside the target, starting where an earlier try stopped (HTTP Range), then checks size
 * and digest, then renames it. The name of the part contains the digest, so the rest of a file that changed on the server is never
 * added to the start of an older one. Throws VeraError 'io'; what has arrived is kept for the next try.
 */
export async function transfer(job: Transfer): Promise<void> {
  const part = `${job.target}.${job.digest?.hex.slice(0, 16) ?? job.size}.part`;
  removeOtherParts(job.target, part);
  let resumed = false;
  for (let failures = 0; ;) {
    const have = sizeOf(part) ?? 0;
    if (have === job.size && sizeOf(part) !== undefined) {
      if (await matches(part, job)) {
        install(part, job.target);
        return;
      }
      rmSync(part);
      if (!resumed) throw damaged(job);
      resumed = false; // the start came from an earlier try: download it again from the beginning
      continue;
    }
    resumed ||= have > 0;
    try {
      await receive(job, part, have < job.size ? have : 0);
    } catch (error) {
      if (!(error instanceof Passing)) throw error;
      if (error.restart) rmSync(part, { force: true });
      failures = (sizeOf(part) ?? 0) > have ? 1 : failures + 1;
      await pause(error, failures, job.signal);
    }
  }
}

/** True if the file exists with this size and digest. */
export async function isComplete(target: string, size: number, digest: Digest | undefined): Promise<boolean> {
  return sizeOf(target) === size && (await matches(target, { size, digest }));
}

/** How many bytes of a file were downloaded before. */
export const bytesHeld = (target: string, size: number, digest: Digest | undefined): number =>
  Math.min(size, sizeOf(`${target}.${digest?.hex.slice(0, 16) ?? size}.part`) ?? 0);

/** Downloads a small text of at most `limit` bytes. It is tried again if the network or the server fails. */
export async function requestText(
  url: string,
  limit: number,
  options: RequestOptions,
): Promise<{ text: string; headers: Headers }> {
  for (let failures = 1; ; failures++) {
    try {
      const { response, body } = await request(url, options);
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of body) {
        size += chunk.length;
        if (size > limit)
          throw new VeraError(
            'io',
            `${new URL(url).host} sent more than ${limit} bytes for ${quote(url)}, which is the limit`,
          );
        chunks.push(chunk);
      }
      return { text: Buffer.concat(chunks).toString('utf8'), headers: response.headers };
    } catch (error) {
      if (!(error instanceof Passing)) throw error;
      await pause(error, failures, options.signal);
    }
  }
}

async function receive(job: Transfer, part: string, from: number): Promise<void> {
  const headers = { ...job.headers, 'accept-encoding': 'identity', ...(from > 0 ? { range: `bytes=${from}-` } : {}) };
  const { response, body } = await request(job.url, { ...job, headers });
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
  const continues = response.status === 206 && from > 0;
  if (continues && (Number(range?.[1]) !== from || (range?.[2] !== '*' && Number(range?.[2]) !== job.size))) {
    await response.body?.cancel();
    throw new Passing(damaged(job), 0, true); // the server has another file, or states a wrong size
  }
  const file = await open(part, continues ? 'a' : 'w').catch((error: unknown) => {
    throw ioError(error, 'write', part);
  });
  try {
    let done = continues ? from : 0;
    job.onBytes(done);
    for await (const chunk of body) {
      if (done + chunk.length > job.size) {
        rmSync(part, { force: true });
        throw new VeraError(
          'io',
          `${job.url}: the server sent more than the ${job.size} bytes it announced; nothing was kept`,
        );
      }
      await file.appendFile(chunk).catch((error: unknown) => {
        throw ioError(error, 'write', part);
      });
      done += chunk.length;
      job.onBytes(done);
    }
    await file.sync();
    if (done < job.size) throw new Passing(interrupted(job.url, `it ended after ${done} of ${job.size} bytes`));
  } finally {
    await file.close();
  }
}

/** Sends one request and follows redirects (fetch drops the token at another host). Failures that may be temporary are Passing. */
async function request(
  url: string,
  { headers, signal, refuse }: RequestOptions,
): Promise<{ response: Response; body: AsyncIterable<Uint8Array> }> {
  const stall = new AbortController();
  const timer = setTimeout(() => stall.abort(new Error(`nothing arrived for ${STALL_MS / 1000} s`)), STALL_MS).unref();
  const translate = (error: unknown): Error => {
    if (signal?.aborted)
      return new VeraError(
        'io',
        'the download was cancelled; what has arrived is kept, and the next try continues there',
      );
    return new Passing(interrupted(url, reasonOf(error)));
  };
  let response: Response;
  try {
    response = await fetch(url, {
      headers,
      signal: signal === undefined ? stall.signal : AbortSignal.any([signal, stall.signal]),
    });
  } catch (error) {
    clearTimeout(timer);
    throw translate(error);
  }
  if (!response.ok) {
    clearTimeout(timer);
    await response.body?.cancel();
    const { status } = response;
    const wait = Number(response.headers.get('retry-after'));
    if (status === 408 || status === 429 || status === 416 || status >= 500)
      throw new Passing(refuse(status), (wait || 0) * 1000, status === 416);
    throw refuse(status);
  }
  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of response.body ?? []) {
        timer.refresh();
        yield chunk as Uint8Array;
      }
    } catch (error) {
      throw translate(error);
    } finally {
      clearTimeout(timer);
    }
  }
  return { response, body: body() };
}

async function pause(error: Passing, failures: number, signal: AbortSignal | undefined): Promise<void> {
  if (failures >= MAX_FAILURES) throw error.final;
  const wait = Math.max(pauseMs(failures, DELAYS), Math.min(error.waitMs, DELAYS.longestMs));
  await delay(wait, undefined, signal === undefined ? {} : { signal }).catch(() => undefined); // the next request says that it was cancelled
}

async function matches(
  file: string,
  { size, digest }: { size: number; digest?: Digest | undefined },
): Promise<boolean> {
  if (digest === undefined) return true;
  const hash = createHash(digest.kind === 'git' ? 'sha1' : 'sha256');
  if (digest.kind === 'git') hash.update(`blob ${size}\0`);
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  } catch (error) {
    throw ioError(error, 'read', file);
  }
  return hash.digest('hex') === digest.hex.toLowerCase();
}

function install(part: string, target: string): void {
  try {
    renameSync(part, target);
    syncFolder(dirname(target));
  } catch (error) {
    throw ioError(error, 'write', target);
  }
}

function removeOtherParts(target: string, part: string): void {
  for (const name of readdirSync(dirname(target))) {
    const path = join(dirname(target), name);
    if (name.startsWith(`${basename(target)}.`) && name.endsWith('.part') && path !== part)
      rmSync(path, { force: true });
  }
}

const sizeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.size;

const damaged = ({ url }: Transfer) =>
  new VeraError(
    'io',
    `${url}: the downloaded file does not have the hash that the hub states, so it was deleted; try again or use another mirror`,
  );

const interrupted = (url: string, reason: string) =>
  new VeraError(
    'io',
    `cannot download ${url}: ${reason}; check the network and try again; a download continues where it stopped`,
  );

/** The innermost cause: fetch itself says only "fetch failed". */
function reasonOf(error: unknown): string {
  let reason = error;
  while (reason instanceof Error && reason.cause instanceof Error) reason = reason.cause;
  const { code, message } = reason as NodeJS.ErrnoException;
  return (message || code || 'the connection failed').split('\n', 1)[0] ?? '';
}
