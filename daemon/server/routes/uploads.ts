import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Express, Request } from 'express';
import { makeFolder } from '../../formats/folder.ts';
import { syncFolder } from '../../formats/atomic.ts';
import { ioError } from '../../formats/read.ts';
import { uploadsFolder } from '../../home.ts';
import { VeraError } from '../../protocol/errors.ts';
import { name as label } from '../../protocol/values.ts';
import { firstProblem } from '../../protocol/problem.ts';
import type { Daemon } from '../context.ts';
import { HttpError } from '../httpError.ts';

export interface Upload {
  path: string;
  bytes: number;
  sha256: string;
}

const MAX_NAME_BYTES = 255; // of a file, on every common file system
const PART = '.part'; // ends the name of a folder whose upload is not complete

/**
 * POST /uploads?name=NAME stores a file (application/octet-stream) in a new folder below uploads/ and answers with its path. The folder
 * is renamed into place when the file is complete and on the disk: an upload is whole or absent.
 */
export function uploads(app: Express, { limits, log }: Daemon): void {
  let underWay = 0;
  removeParts();
  app.post('/uploads', async (request, response) => {
    const name = fileName(request.query['name']);
    refuseBody(request, limits.uploadBytes);
    if (underWay >= limits.uploads)
      throw new HttpError(503, 'conflict', `${underWay} uploads are under way: wait for one to end`);
    underWay++;
    try {
      const upload = await store(request, name, limits.uploadBytes);
      log.info({ bytes: upload.bytes }, 'upload');
      response.status(201).json(upload);
    } finally {
      underWay--;
    }
  });
}

/** A file name that is valid on every system. Throws VeraError 'usage'. */
function fileName(given: unknown): string {
  const parsed = label.safeParse(given);
  if (!parsed.success) throw new VeraError('usage', `the upload's name: ${firstProblem(parsed.error)}`);
  const name = parsed.data;
  if (Buffer.byteLength(name) > MAX_NAME_BYTES || !name.isWellFormed())
    throw new VeraError('usage', `the upload's name is longer than ${MAX_NAME_BYTES} bytes, or not Unicode`);
  // A colon opens a stream and these words are devices on Windows, which also drops dots at the end.
  if (/[<>:"|?*]|\.$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(name))
    throw new VeraError('usage', `the upload's name has < > : " | ? *, ends in a dot, or is the name of a device`);
  return name;
}

/** Refuses by the headers what does not have to be read. */
function refuseBody(request: Request, limit: number): void {
  // Anything else is what a form of a web page can send without being asked about it first.
  if (request.headers['content-type'] !== 'application/octet-stream')
    throw new HttpError(415, 'usage', 'an upload is sent as application/octet-stream');
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
}

const tooLarge = (limit: number): HttpError => new HttpError(413, 'usage', `an upload has at most ${limit} bytes`);

async function store(body: NodeJS.ReadableStream, name: string, limit: number): Promise<Upload> {
  const folder = join(uploadsFolder(), randomBytes(16).toString('hex'));
  const part = `${folder}${PART}`;
  const hash = createHash('sha256');
  let bytes = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > limit) return done(tooLarge(limit));
      hash.update(chunk);
      done(null, chunk);
    },
  });
  try {
    makeFolder(part, 0o700);
    await pipeline(body, counted, createWriteStream(join(part, name), { flags: 'wx', mode: 0o600, flush: true }));
    syncFolder(part);
    renameSync(part, folder);
    syncFolder(uploadsFolder());
  } catch (error) {
    rmSync(part, { recursive: true, force: true });
    throw isFileError(error) ? ioError(error, 'write', join(folder, name)) : error;
  }
  return { path: join(folder, name), bytes, sha256: hash.digest('hex') };
}

/** Whether an error comes from the file system, and not from the connection. */
const isFileError = (error: unknown): boolean =>
  error instanceof Error &&
  ['open', 'write', 'fsync', 'mkdir', 'rename', 'close'].includes(String((error as NodeJS.ErrnoException).syscall));

/** Removes unfinished uploads of an earlier daemon. */
function removeParts(): void {
  try {
    for (const entry of readdirSync(uploadsFolder()))
      if (entry.endsWith(PART)) rmSync(join(uploadsFolder(), entry), { recursive: true, force: true });
  } catch {
    // no uploads yet
  }
}
