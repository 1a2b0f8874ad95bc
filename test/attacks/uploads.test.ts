// Slow: makes thousands of uploads to a real daemon.
/** Uploads and downloads over HTTP: names that are paths, uploads that break off or are too long. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { rawClient, sendRaw, serving, until } from '../serving.ts';
import type { Serving } from '../serving.ts';
import { temporaryFolder } from '../temporary.ts';
import { counted } from '../counted.ts';

let one: Serving;
const home = temporaryFolder();
const uploads = join(home, 'uploads');
const LIMIT = 100_000;
before(async () => {
  one = await serving(home, { uploadBytes: LIMIT });
});
after(() => one.close());

const there = (): string[] => (readdirSync(home).includes('uploads') ? readdirSync(uploads) : []);
const all = (): string[] =>
  readdirSync(dirname(home), { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.startsWith(basename(home)) && !path.includes(`${sep}catalog`),
  );

function upload(query: string, body: Uint8Array<ArrayBuffer>): Promise<Response> {
  return fetch(`http://127.0.0.1:${one.port}/uploads${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${one.token}`, 'content-type': 'application/octet-stream' },
    body,
  });
}

test('an upload is written whole, under its name, where nobody else can read it', async () => {
  const body = randomBytes(LIMIT);
  const response = await upload('?name=notes.jsonl', body);
  assert.equal(response.status, 201);
  const { path, bytes, sha256 } = (await response.json()) as { path: string; bytes: number; sha256: string };
  assert.equal(bytes, LIMIT);
  assert.equal(sha256, createHash('sha256').update(body).digest('hex'));
  assert.deepEqual(readFileSync(path), body);
  assert.equal(basename(path), 'notes.jsonl');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
});

const nasty = fc.constantFrom(
  '..',
  '.',
  '/',
  '\\',
  '%2e',
  '%2f',
  '%252e',
  '%00',
  '\0',
  'file:',
  '//',
  'C:',
  ':',
  '~',
  '$HOME',
  'con',
  'aux.txt',
  ' ',
  '\n',
  '\u202e',
  '\ud800',
  'é',
  '文',
  'a',
  'x.jsonl',
  '*',
  '.part',
);
const anyName = fc.oneof(
  fc.array(nasty, { maxLength: 8 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.constantFrom('x'.repeat(10_000), '../'.repeat(1000), '文'.repeat(200), 'x'.repeat(200)),
);

test('whatever its name, an upload stays in its folder', async () => {
  const runs = 2000;
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(anyName, fc.boolean(), async (name, raw) => {
      const before = there().length;
      // Plain or encoded: the server decodes a name exactly once.
      const query = raw ? name.replaceAll(/[^\w.%/\\~$:*-]/g, '') : encodeURIComponent(name.toWellFormed());
      const response = await upload(`?name=${query}`, Buffer.from('x'));
      if (response.status !== 201) {
        assert.ok(response.status >= 400 && response.status < 500, `${JSON.stringify(name)}: ${response.status}`);
        assert.equal(there().length, before);
        return;
      }
      taken++;
      const { path } = (await response.json()) as { path: string };
      const inside = relative(uploads, path).split(sep);
      assert.equal(inside.length, 2, path);
      assert.match(inside[0]!, /^[0-9a-f]{32}$/);
      assert.deepEqual(readdirSync(dirname(path)), [inside[1]]);
      assert.ok(lstatSync(path).isFile());
    }),
    { numRuns: runs },
  );
  assert.ok(taken > 20 && taken < runs, `${taken} of ${runs} were taken`);
  assert.ok(
    all().every((path) => /^[^/\\]+([/\\](uploads|cache)([/\\].*)?)?$/.test(path)),
    'something was written elsewhere',
  );
  counted('Names of uploads', runs);
});

test('an upload that is too long, or breaks off, leaves nothing', async () => {
  const before = there().length;
  const { port, token } = one;
  const head = [
    'POST /uploads?name=a HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    `Authorization: Bearer ${token}`,
    'Content-Type: application/octet-stream',
  ];
  assert.equal((await upload('?name=a', Buffer.alloc(LIMIT + 1))).status, 413);
  // With chunked encoding, the size is not known beforehand.
  const chunk = `${(50_000).toString(16)}\r\n${'x'.repeat(50_000)}\r\n`;
  const chunked = await sendRaw(
    port,
    `${[...head, 'Transfer-Encoding: chunked'].join('\r\n')}\r\n\r\n${chunk.repeat(3)}0\r\n\r\n`,
  );
  assert.ok(chunked.status === 413 || chunked.status === 0, String(chunked.status));
  const { connect } = await import('node:net');
  const socket = connect({ host: '127.0.0.1', port });
  socket.write(`${[...head, 'Content-Length: 5000'].join('\r\n')}\r\n\r\n${'x'.repeat(100)}`);
  await until('its beginning', () => there().length > before);
  socket.destroy();
  await until('its end', () => there().length === before);
  for (const query of ['', '?name=', '?name=a&name=b', '?name[x]=a', '?NAME=a'])
    assert.equal((await upload(query, Buffer.from('x'))).status, 400, query);
  assert.equal(there().length, before);
});

test('an adapter is fetched by its number and by nothing else', async () => {
  const runs = 1000;
  await fc.assert(
    fc.asyncProperty(anyName, fc.boolean(), async (name, raw) => {
      const path = raw ? name.replaceAll(/[^\w.%\\~$:*-]/g, '') : encodeURIComponent(name.toWellFormed());
      const { status, body } = await sendRaw(
        one.port,
        `GET /downloads/adapters/${path} HTTP/1.1\r\nHost: 127.0.0.1:${one.port}\r\nAuthorization: Bearer ${one.token}\r\nConnection: close\r\n\r\n`,
      );
      assert.ok(status === 0 || (status >= 400 && status < 500), `${path}: ${status} ${body}`);
      assert.ok(!body.includes(one.token));
    }),
    { numRuns: runs },
  );
  counted('Names of downloads', runs);
});

test('an adapter that is not there is missing, and so over the protocol', async () => {
  const response = await fetch(`http://127.0.0.1:${one.port}/downloads/adapters/7`, {
    headers: { authorization: `Bearer ${one.token}` },
  });
  assert.equal(response.status, 404);
  assert.match(((await response.json()) as { error: { message: string } }).error.message, /7/);
  const client = await rawClient(one);
  assert.equal((await client.ask('adapters.get', { adapter: 7 })).error.data.code, 'missing');
  client.socket.close();
});
