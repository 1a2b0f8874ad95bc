/** Long because every way in which a hub or a network can fail needs a server that fails so. */
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VeraError } from '../protocol/errors.ts';
import { downloadModel } from './hub.ts';
import type { DownloadOptions } from './hub.ts';
import { writeSafetensors } from './safetensors.ts';
import { openTensors } from './shards.ts';

delete process.env['HF_TOKEN'];
delete process.env['HF_ENDPOINT'];
const root = mkdtempSync(join(tmpdir(), 'hub-'));
const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  rmSync(root, { recursive: true });
});
let count = 0;
const out = () => join(root, String(count++));

const COMMIT = 'c0ffee'.padEnd(40, '0');
const ID = 'someone/model';
type Entry = Record<string, unknown>;

function weights(values: number, name = 'a'): Buffer {
  const file = join(root, 'made.safetensors');
  writeSafetensors(file, [
    { name, dtype: 'U8', shape: [values], bytes: () => Uint8Array.from({ length: values }, (_, i) => i * 31) },
  ]);
  return readFileSync(file);
}
const entryOf = (path: string, bytes: Buffer): Entry =>
  path.endsWith('.safetensors')
    ? {
        type: 'file',
        path,
        size: bytes.length,
        oid: '0'.repeat(40),
        lfs: { oid: createHash('sha256').update(bytes).digest('hex'), size: bytes.length },
      }
    : {
        type: 'file',
        path,
        size: bytes.length,
        oid: createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex'),
      };

interface HubSettings {
  files?: Record<string, Buffer>;
  list?: (entries: Entry[]) => unknown;
  /** Handles a request itself (true), before the hub's own answer. */
  intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
  ranges?: boolean;
}

const small = {
  'config.json': Buffer.from('{"model_type":"llama"}'),
  'tokenizer.json': Buffer.from('{"version":"1.0"}'),
};

/** A hub on loopback, with the routes of the real one that a download uses. */
async function hub({
  files = { ...small, 'model.safetensors': weights(100_000) },
  list = (x) => x,
  intercept,
  ranges = true,
}: HubSettings = {}) {
  const log: { url: string; range: string | undefined; token: string | undefined }[] = [];
  const server = createServer((request, response) => {
    const url = decodeURIComponent(request.url ?? '');
    log.push({ url, range: request.headers.range, token: request.headers.authorization });
    if (intercept?.(request, response)) return;
    if (url === `/api/models/${ID}/revision/main`) return void response.end(JSON.stringify({ sha: COMMIT }));
    if (url === `/api/models/${ID}/tree/${COMMIT}`) {
      return void response.end(
        JSON.stringify(list(Object.entries(files).map(([path, bytes]) => entryOf(path, bytes)))),
      );
    }
    const bytes = files[url.replace(`/${ID}/resolve/${COMMIT}/`, '')];
    if (bytes === undefined) return void response.writeHead(404).end();
    sendFile(request, response, bytes, ranges);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, log, files };
}

function sendFile(request: IncomingMessage, response: ServerResponse, bytes: Buffer, ranges = true): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (!ranges || from === 0) return void response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
  if (from >= bytes.length) return void response.writeHead(416).end();
  response
    .writeHead(206, { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` })
    .end(bytes.subarray(from));
}
/** Sends the first bytes of what was asked for, then breaks the connection. */
function sendCut(request: IncomingMessage, response: ServerResponse, bytes: Buffer, count: number): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const headers = {
    'content-length': bytes.length - from,
    'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
  };
  response.writeHead(from > 0 ? 206 : 200, headers);
  response.write(bytes.subarray(from, from + count), () => setTimeout(() => response.destroy(), 20));
}
const isWeights = (request: IncomingMessage) => request.url?.endsWith('/model.safetensors') ?? false;
const rejects = (promise: Promise<void>, code: string, message: RegExp) =>
  assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof VeraError, String(error));
    assert.match(error.message, message);
    assert.equal(error.code, code);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
const get = (dir: string, endpoint: string, options: DownloadOptions = {}) =>
  downloadModel(ID, dir, { endpoint, ...options });

test('what a model needs is fetched, from one commit, and the rest is left', async () => {
  const files = {
    ...small,
    LICENSE: Buffer.from('Apache-2.0'),
    'model.safetensors': weights(100_000),
    'pytorch_model.bin': Buffer.from('pickle'),
    'README.md': Buffer.from('x'),
    'run.py': Buffer.from('x'),
    'consolidated.safetensors': weights(10),
  };
  const list = (entries: Entry[]) => [
    ...entries,
    { type: 'directory', path: 'onnx' },
    { type: 'file', path: 'sub/config.json', size: 3 },
    { type: 'file', path: '../config.json', size: 3 },
  ];
  const { endpoint, log } = await hub({ files, list });
  const dir = join(out(), 'deep');
  const seen: [number, number, string][] = [];
  await get(dir, endpoint, { onProgress: (...args) => seen.push(args) });
  assert.deepEqual(readdirSync(dir).sort(), ['LICENSE', 'config.json', 'model.safetensors', 'tokenizer.json']);
  for (const name of readdirSync(dir))
    assert.deepEqual(readFileSync(join(dir, name)), files[name as keyof typeof files]);
  assert.ok(log.slice(2).every(({ url }) => url.startsWith(`/${ID}/resolve/${COMMIT}/`)));
  assert.equal(log.at(-1)?.url, `/${ID}/resolve/${COMMIT}/config.json`);
  const total = ['LICENSE', 'config.json', 'model.safetensors', 'tokenizer.json'].reduce(
    (sum, name) => sum + files[name as keyof typeof files].length,
    0,
  );
  assert.deepEqual(seen.at(-1), [total, total, 'config.json']);
  seen.reduce((last, [done, all]) => (assert.ok(done >= last && all === total), done), 0);
  const requests = log.length;
  await get(dir, endpoint);
  assert.equal(log.length, requests + 2, 'what is complete is not fetched again');
});

test('shards are those of the index', async () => {
  const index = { weight_map: { a: 'model-1.safetensors', b: 'model-2.safetensors' } };
  const files = {
    ...small,
    'model.safetensors.index.json': Buffer.from(JSON.stringify(index)),
    'model-1.safetensors': weights(10, 'a'),
    'model-2.safetensors': weights(20, 'b'),
    'other.safetensors': weights(5),
  };
  const { endpoint } = await hub({ files });
  const dir = out();
  await get(dir, endpoint);
  assert.deepEqual([...openTensors(dir).keys()], ['a', 'b']);
  assert.ok(!existsSync(join(dir, 'other.safetensors')));
  for (const name of ['model-3.safetensors', '../escape.safetensors', '/etc/passwd', 'config.json']) {
    files['model.safetensors.index.json'] = Buffer.from(JSON.stringify({ weight_map: { a: name } }));
    await rejects(get(out(), endpoint), 'model', /index\.json names ".*", which is not among/);
  }
});

test('a broken transfer continues where it stopped', async () => {
  let cuts = 3;
  const files = { ...small, 'model.safetensors': weights(100_000) };
  const { endpoint, log } = await hub({
    files,
    intercept: (request, response) => {
      if (!isWeights(request) || cuts-- <= 0) return false;
      sendCut(request, response, files['model.safetensors'], 20_000);
      return true;
    },
  });
  const dir = out();
  await get(dir, endpoint);
  assert.deepEqual(readFileSync(join(dir, 'model.safetensors')), files['model.safetensors']);
  assert.deepEqual(
    log.filter(({ url }) => url.endsWith('model.safetensors')).map(({ range }) => range),
    [undefined, 'bytes=20000-', 'bytes=40000-', 'bytes=60000-'],
  );
});

test('a cancelled download continues in the next run; the folder never looks complete', async () => {
  const files = { ...small, 'model.safetensors': weights(100_000) };
  let hold = true;
  const { endpoint, log } = await hub({
    files,
    intercept: (request, response) => {
      if (!isWeights(request) || !hold) return false;
      response.writeHead(200, { 'content-length': files['model.safetensors'].length });
      response.write(files['model.safetensors'].subarray(0, 50_000)); // and never ends
      return true;
    },
  });
  const dir = out();
  const cancel = new AbortController();
  const onProgress = (done: number, _total: number, file: string) => {
    if (file === 'model.safetensors' && done >= 50_000) cancel.abort();
  };
  await rejects(
    get(dir, endpoint, { signal: cancel.signal, onProgress }),
    'io',
    /was cancelled; what has arrived is kept/,
  );
  assert.ok(!existsSync(join(dir, 'config.json')) && !existsSync(join(dir, 'model.safetensors')));
  hold = false;
  await get(dir, endpoint);
  assert.equal(log.findLast(({ url }) => url.endsWith('model.safetensors'))?.range, 'bytes=50000-');
  assert.deepEqual(readFileSync(join(dir, 'model.safetensors')), files['model.safetensors']);
  assert.deepEqual(readdirSync(dir).sort(), ['config.json', 'model.safetensors', 'tokenizer.json']);
});

test('a server without ranges, and one that refuses the range, start again from nothing', async () => {
  for (const refuse of [false, true]) {
    const files = { ...small, 'model.safetensors': weights(100_000) };
    let first = true;
    const { endpoint } = await hub({
      files,
      ranges: false,
      intercept: (request, response) => {
        if (!isWeights(request)) return false;
        if (first) sendCut(request, response, files['model.safetensors'], 30_000);
        else if (refuse && request.headers.range !== undefined) response.writeHead(416).end();
        else return false;
        first = false;
        return true;
      },
    });
    const dir = out();
    await get(dir, endpoint);
    assert.deepEqual(readFileSync(join(dir, 'model.safetensors')), files['model.safetensors']);
  }
});

test('a wrong hash is refused and nothing of it is kept', async () => {
  for (const name of ['model.safetensors', 'tokenizer.json'] as const) {
    const files = { ...small, 'model.safetensors': weights(1000) };
    const { endpoint } = await hub({
      files,
      intercept: (request, response) => {
        if (!request.url?.endsWith('/' + name)) return false;
        const wrong = Buffer.from(files[name]);
        wrong[wrong.length - 1]! ^= 1;
        sendFile(request, response, wrong);
        return true;
      },
    });
    const dir = out();
    await rejects(get(dir, endpoint), 'io', new RegExp(`${name}: the downloaded file does not have the hash`));
    assert.ok(!readdirSync(dir).some((found) => found.startsWith(name)), 'neither file nor part');
  }
});

test('a part that was damaged on the disk is noticed, and the file fetched whole', async () => {
  const files = { ...small, 'model.safetensors': weights(100_000) };
  const { endpoint, log } = await hub({ files });
  const dir = out();
  mkdirSync(dir);
  const sha256 = createHash('sha256').update(files['model.safetensors']).digest('hex');
  writeFileSync(join(dir, `model.safetensors.${sha256.slice(0, 16)}.part`), Buffer.alloc(70_000, 9));
  writeFileSync(join(dir, 'model.safetensors.0123456789abcdef.part'), 'of an older version');
  await get(dir, endpoint);
  assert.deepEqual(
    log.filter(({ url }) => url.endsWith('model.safetensors')).map(({ range }) => range),
    ['bytes=70000-', undefined],
  );
  assert.deepEqual(readFileSync(join(dir, 'model.safetensors')), files['model.safetensors']);
  assert.equal(readdirSync(dir).length, 3);
});

test('a damaged or outdated file in the folder is fetched again', async () => {
  const { endpoint, files } = await hub();
  const dir = out();
  await get(dir, endpoint);
  const whole = files['model.safetensors']!;
  writeFileSync(join(dir, 'model.safetensors'), Buffer.alloc(whole.length));
  await get(dir, endpoint);
  assert.deepEqual(readFileSync(join(dir, 'model.safetensors')), whole);
});

test('more bytes than announced are refused', async () => {
  const { endpoint } = await hub({
    intercept: (request, response) => {
      if (!isWeights(request)) return false;
      response.end(Buffer.alloc(1_000_000));
      return true;
    },
  });
  const dir = out();
  await rejects(get(dir, endpoint), 'io', /sent more than the \d+ bytes/);
  assert.deepEqual(readdirSync(dir), ['tokenizer.json']);
});

test('redirects are followed, and the token stays with the hub', async () => {
  const files = { ...small, 'model.safetensors': weights(1000) };
  const storage = await hub({
    intercept: (request, response) => {
      sendFile(request, response, files['model.safetensors']);
      return true;
    },
  });
  const { endpoint, log } = await hub({
    files,
    intercept: (request, response) => {
      if (!isWeights(request)) return false;
      response.writeHead(302, { location: `${storage.endpoint}/cdn/x` }).end();
      return true;
    },
  });
  const dir = out();
  await get(dir, endpoint, { token: 'hf_secret' });
  assert.deepEqual(readFileSync(join(dir, 'model.safetensors')), files['model.safetensors']);
  assert.ok(log.every(({ token }) => token === 'Bearer hf_secret'));
  assert.deepEqual(
    storage.log.map(({ token }) => token),
    [undefined],
  );
});

test('401, 403 and 404 say what to do, and never the token', async () => {
  for (const [status, message] of [
    [401, /does not exist, or is private or gated \(HTTP 401\).*give an access token/],
    [403, /is gated \(HTTP 403\): accept its terms at http:\/\/127.0.0.1:\d+\/someone\/model and give an access token/],
    [404, /"someone\/model" on 127.0.0.1:\d+ does not exist \(HTTP 404\)/],
  ] as const) {
    const answer = (_: IncomingMessage, response: ServerResponse) => (response.writeHead(status).end(), true);
    const { endpoint, log } = await hub({ intercept: answer });
    await rejects(get(out(), endpoint), 'model', message);
    assert.equal(log.length, 1, 'not tried again');
    await assert.rejects(
      get(out(), endpoint, { token: 'hf_secret' }),
      (error: Error) => !error.message.includes('secret'),
    );
    // A gated model lists its files and refuses them one by one.
    const gated = await hub({ intercept: (request, response) => isWeights(request) && answer(request, response) });
    await rejects(
      get(out(), gated.endpoint),
      'model',
      new RegExp(`"model.safetensors" of "someone/model".*HTTP ${status}`),
    );
  }
});

test('a server in trouble is tried again, but not for ever', async () => {
  let failures = 2;
  const flaky = await hub({ intercept: (_, response) => failures-- > 0 && (response.writeHead(503).end(), true) });
  await get(out(), flaky.endpoint);
  const down = await hub({ intercept: (_, response) => (response.writeHead(500).end(), true) });
  await rejects(get(out(), down.endpoint), 'io', /answered HTTP 500; try again later/);
  assert.equal(down.log.length, 4);
});

test('no server at all', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  await rejects(
    get(out(), `http://127.0.0.1:${port}`),
    'io',
    /cannot download .*: connect ECONNREFUSED.*; check the network/,
  );
});

test('a disk that is too small is said before the download', async () => {
  const list = (entries: Entry[]) =>
    entries.map((entry) =>
      entry['lfs'] === undefined ? entry : { ...entry, lfs: { oid: 'a'.repeat(64), size: 2 ** 52 } },
    );
  const { endpoint, log } = await hub({ list });
  await rejects(get(out(), endpoint), 'io', /needs 4\.5 PB more, but the disk has [\d.]+ [MGT]B free/);
  assert.ok(!log.some(({ url }) => url.endsWith('safetensors')));
});

test('a repository without safetensors, config or sense', async () => {
  const weightless = async (files: Record<string, string>, message: RegExp) => {
    const { endpoint } = await hub({
      files: Object.fromEntries(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)])),
    });
    await rejects(get(out(), endpoint), 'model', message);
  };
  await weightless({ 'config.json': '{}', 'pytorch_model.bin': '' }, /only as pickle/);
  await weightless({ 'config.json': '{}', 'model-Q4.gguf': '' }, /contains GGUF files/);
  await weightless({ 'config.json': '{}', 'adapter_model.safetensors': '' }, /is an adapter/);
  await weightless({ 'config.json': '{}' }, /has no model.safetensors and no/);
  await weightless({ 'README.md': '' }, /has no config.json/);
  for (const list of [
    () => ({}),
    () => [1],
    () => [{ type: 'file', path: 'config.json', size: -1 }],
    () => [{ type: 'file', path: 'config.json' }],
  ]) {
    const { endpoint } = await hub({ list });
    await rejects(get(out(), endpoint), 'io', /the hub's list of files/);
  }
  const { endpoint } = await hub({
    list: (entries) => [...entries, { type: 'file', path: 'merges.txt', size: 2 ** 40 }],
  });
  await rejects(get(out(), endpoint), 'model', /"merges.txt" has 1099511627776 bytes, but only/);
});

test('a listing of several pages is read to its end, and never at another host', async () => {
  const files = { ...small, 'model.safetensors': weights(10) };
  const pages = async (next: string) =>
    hub({
      files,
      list: (entries) => entries.slice(0, 1),
      intercept: (request, response) => {
        if (request.url?.endsWith('?cursor=2')) {
          response.end(
            JSON.stringify(
              Object.entries(files)
                .slice(1)
                .map(([path, bytes]) => entryOf(path, bytes)),
            ),
          );
          return true;
        }
        if (request.url?.includes('/tree/')) response.setHeader('link', `<${next}>; rel="next"`);
        return false;
      },
    });
  const good = await pages('?cursor=2');
  const dir = out();
  await get(dir, good.endpoint);
  assert.equal(readdirSync(dir).length, 3);
  await rejects(get(out(), (await pages('http://127.0.0.1:9/x')).endpoint), 'io', /continues at another host/);
  const endless = await hub({
    intercept: (request, response) => {
      if (!request.url?.includes('/tree/')) return false;
      response.writeHead(200, { link: '<?more>; rel="next"' }).end('[]');
      return true;
    },
  });
  await rejects(get(out(), endless.endpoint), 'io', /does not end after 50 pages/);
});

test('ids, addresses and tokens that cannot be are refused before any request', async () => {
  const { endpoint, log } = await hub();
  for (const id of [
    '',
    '/',
    'a/b/c',
    '../b',
    'a/..',
    'a b',
    'a/b?x',
    'a/b#x',
    'a\\b',
    'http://x/y',
    'a/\0',
    `a/${'x'.repeat(97)}`,
  ]) {
    await rejects(downloadModel(id, out(), { endpoint }), 'usage', /is not the id of a model/);
  }
  for (const address of [
    '',
    'nonsense',
    'file:///etc',
    'ftp://x',
    'http://user:pass@127.0.0.1',
    'http://127.0.0.1/?x',
  ]) {
    await rejects(get(out(), address), 'usage', /the hub address/);
  }
  await rejects(
    get(out(), endpoint, { token: 'hf_\nsecret' }),
    'usage',
    /^the access token of the hub contains characters/,
  );
  assert.equal(log.length, 0);
});
