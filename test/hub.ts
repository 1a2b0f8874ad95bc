/** A model hub on loopback, with the routes of the real one that a download uses. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';

const COMMIT = 'c0ffee'.padEnd(40, '0');
const CHUNKS = 20; // of a slow answer

export interface Hub {
  readonly endpoint: string;
  /** Paths that were asked for. */
  readonly log: readonly string[];
  close(): void;
}

/** A file in pieces, over so many milliseconds. */
async function* pieces(bytes: Buffer, milliseconds: number): AsyncGenerator<Buffer> {
  for (let i = 0; i < CHUNKS; i++) {
    yield bytes.subarray(Math.floor((i * bytes.length) / CHUNKS), Math.floor(((i + 1) * bytes.length) / CHUNKS));
    await setTimeout(milliseconds / CHUNKS);
  }
}

/** Serves the files of a folder as the model `id`. slowMs: how long the largest of them takes. token: who does not send it is refused. */
export async function startHub(
  id: string,
  folder: string,
  { slowMs = 0, token }: { slowMs?: number; token?: string } = {},
): Promise<Hub> {
  const names = readdirSync(folder).filter((name) => statSync(join(folder, name)).isFile());
  const files = new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
  const largest = Math.max(...[...files.values()].map(({ length }) => length));
  const log: string[] = [];
  const server = createServer((request, response) => {
    const url = request.url ?? '';
    log.push(url);
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`)
      return void response.writeHead(401).end();
    if (url === `/api/models/${id}/revision/main`) return void response.end(JSON.stringify({ sha: COMMIT }));
    if (url === `/api/models/${id}/tree/${COMMIT}`) {
      const entries = [...files].map(([path, bytes]) => {
        const oid = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
        return { type: 'file', path, size: bytes.length, oid };
      });
      return void response.end(JSON.stringify(entries));
    }
    if (url.startsWith('/api/models?') || url.startsWith(`/api/models/${id}?`)) {
      const config: unknown = JSON.parse(String(files.get('config.json')));
      const one = {
        id,
        config,
        safetensors: { parameters: { F32: largest / 4 } },
        tags: ['license:mit'],
        gated: false,
      };
      return void response.end(JSON.stringify(url.includes('/models?') ? [one] : one));
    }
    const bytes = files.get(url.slice(url.lastIndexOf('/') + 1));
    if (!url.startsWith(`/${id}/`) || bytes === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-length': bytes.length });
    const slowly = slowMs > 0 && bytes.length === largest;
    Readable.from(slowly ? pieces(bytes, slowMs) : [bytes]).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    log,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
