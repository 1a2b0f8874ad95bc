// Slow: opens thousands of connections to a real daemon.
/** Too much: large frames, floods of parts, idle connections, clients that do not read, bodies of the wrong kind. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { LIMITS } from '../../daemon/server/limits.ts';
import { openSocket, rawClient, sendRaw, serving, until } from '../serving.ts';
import type { Serving } from '../serving.ts';
import { temporaryFolder } from '../temporary.ts';
import { counted } from '../counted.ts';

interface Answer {
  error: { code: number; message: string; data: { code: string } };
}

let one: Serving;
before(async () => {
  one = await serving(temporaryFolder(), { headersMs: 1500, checkMs: 300, pingMs: 500 });
});
after(() => one.close());

/** Checks that the daemon still answers quickly. */
async function stillAnswers(): Promise<void> {
  const client = await rawClient(one);
  const start = performance.now();
  const { result } = await client.ask('daemon.status', {});
  assert.equal(result.version, '0.0.0-test');
  assert.ok(performance.now() - start < 2000);
  client.socket.close();
}

/** A masked frame of a client, also one that the ws library would not send. */
function frame(opcode: number, payload: Buffer, { fin = true, masked = true, claimed = payload.length } = {}): Buffer {
  const first = (fin ? 0x80 : 0) | opcode;
  const mask = masked ? 0x80 : 0;
  const length =
    claimed < 126
      ? Buffer.from([first, mask | claimed])
      : Buffer.concat([Buffer.from([first, mask | 127]), Buffer.alloc(8)]);
  if (claimed >= 126) length.writeBigUInt64BE(BigInt(claimed), 2);
  return Buffer.concat([length, masked ? Buffer.alloc(4) : Buffer.alloc(0), payload]);
}

/** A connection that was let in at /rpc, for sending raw bytes. */
async function upgraded(): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: one.port });
  const lines = [
    'GET /rpc HTTP/1.1',
    ...[
      `Host: 127.0.0.1:${one.port}`,
      `Authorization: Bearer ${one.token}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
    ],
    ...['Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`],
  ];
  socket.on('error', () => {});
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  await new Promise((resolve) => socket.once('data', resolve));
  return socket;
}

const request = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'daemon.status', params: {} });

test('frames that are too long, too many, or none cut off their sender and nobody else', async () => {
  const text = Buffer.from(request);
  const floods: Record<string, Buffer[]> = {
    'a frame one byte too long': [frame(1, Buffer.alloc(LIMITS.frameBytes + 1, 0x20))],
    'a frame that says it has 2^53 bytes': [frame(1, text, { claimed: 2 ** 53 - 1 })],
    'a frame that says it has 100 MiB': [frame(1, text, { claimed: 100 * 2 ** 20 })],
    'parts of one byte': [
      frame(1, Buffer.from('{'), { fin: false }),
      ...Array.from({ length: 20_000 }, () => frame(0, Buffer.from(' '), { fin: false })),
    ],
    'empty parts': [
      frame(1, Buffer.alloc(0), { fin: false }),
      ...Array.from({ length: 20_000 }, () => frame(0, Buffer.alloc(0), { fin: false })),
    ],
    'parts that are too long together': Array.from({ length: 20 }, (_, i) =>
      frame(i === 0 ? 1 : 0, Buffer.alloc(100_000, 0x20), { fin: false }),
    ),
    'a part of nothing': [frame(0, text)],
    'a frame without a mask': [frame(1, text, { masked: false })],
    'an unknown kind': [frame(3, text)],
    'a long ping': [frame(9, Buffer.alloc(200))],
    'compressed without having agreed on it': [Buffer.concat([Buffer.from([0xc1, 0x80 | 5]), Buffer.alloc(9)])],
    'bytes that are not UTF-8': [frame(1, Buffer.from([0xff, 0xfe, 0x80]))],
    'a binary frame': [frame(2, text)],
    'not JSON': [frame(1, Buffer.from('{"jsonrpc":'))],
    'a number': [frame(1, Buffer.from('7'))],
    null: [frame(1, Buffer.from('null'))],
    'a batch': [frame(1, Buffer.from(`[${request}]`))],
    'another version': [frame(1, Buffer.from(request.replace('2.0', '1.0')))],
    'params that are text': [frame(1, Buffer.from(request.replace('{}', '"x"')))],
    'an id that is null': [frame(1, Buffer.from(request.replace('"id":1', '"id":null')))],
    'an id that is a list': [frame(1, Buffer.from(request.replace('"id":1', '"id":[1]')))],
    'a cancellation of nothing': [frame(1, Buffer.from('{"jsonrpc":"2.0","method":"$/cancelRequest"}'))],
    'brackets 500,000 deep': [frame(1, Buffer.from(`${'['.repeat(500_000)}${']'.repeat(500_000)}`))],
    'one id twice': [Buffer.concat([frame(1, text), frame(1, text)])],
  };
  const innocent = await rawClient(one);
  const before = process.memoryUsage().rss;
  for (const [name, frames] of Object.entries(floods)) {
    const socket = await upgraded();
    let closed = false;
    socket.once('close', () => (closed = true));
    for (const bytes of frames) if (!socket.destroyed) socket.write(bytes);
    socket.resume();
    await until(`${name}: the end of the connection`, () => closed, 5000);
    assert.ok((await innocent.ask('daemon.status', {})).result, name);
  }
  assert.ok(process.memoryUsage().rss - before < 200 * 2 ** 20);
  await until('the others are gone', () => one.server.clients() === 1);
  innocent.socket.close();
  counted('Invalid, too long or too many frames', Object.keys(floods).length);
});

test('params nested 100,000 deep, with a key for every byte, or with __proto__, are refused by their method', async () => {
  const client = await rawClient(one);
  const deep = JSON.parse(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`);
  const wide = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, i]));
  for (const text of [
    `{"spec":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`,
    JSON.stringify({ spec: wide }),
    JSON.stringify(wide),
    '{"__proto__":{"limit":1}}',
    '{"spec":{"__proto__":{"kind":"download"},"base":"x"}}',
    '{"constructor":{"prototype":{"x":1}}}',
  ]) {
    const answer = new Promise<Answer>((resolve) =>
      client.socket.once('message', (data: Buffer) => resolve(JSON.parse(data.toString()))),
    );
    client.socket.send(`{"jsonrpc":"2.0","id":9,"method":"jobs.submit","params":${text}}`);
    const { error } = await answer;
    assert.equal(error.data.code, 'usage', text.slice(0, 60));
    assert.ok(error.message.length <= 2000);
  }
  assert.ok(deep);
  assert.equal(({} as Record<string, unknown>)['limit'], undefined);
  client.socket.close();
});

test('connections that say nothing are ended, and keep nobody out', async () => {
  const count = 2000;
  const before = process.memoryUsage().rss;
  const idle: Socket[] = [];
  let ended = 0;
  for (let i = 0; i < count; i++) {
    const socket = connect({ host: '127.0.0.1', port: one.port });
    socket
      .on('error', () => {})
      .on('close', () => ended++)
      .resume();
    // Half of them begin a request and do not finish it.
    socket.on('connect', () => i % 2 === 0 && socket.write('GET /health HTTP/1.1\r\nHost: '));
    idle.push(socket);
    if (i % 100 === 99) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      await stillAnswers();
      assert.ok(one.server.strangers() <= LIMITS.strangers);
    }
  }
  await until('the end of all idle connections', () => ended === count, 15_000);
  assert.equal(one.server.strangers(), 0);
  assert.ok(process.memoryUsage().rss - before < 100 * 2 ** 20, `${process.memoryUsage().rss - before} bytes more`);
  counted('Connections that send nothing', count);
});

test('a client that does not answer pings is cut off; one that does stays', async () => {
  const quiet = await upgraded();
  let closed = false;
  quiet.once('close', () => (closed = true));
  quiet.resume();
  const lively = await openSocket(one);
  await until('the end of the quiet one', () => closed, 5000);
  assert.equal(lively.readyState, lively.OPEN);
  lively.close();
});

test('a client that asks and never reads is not read from, and then cut off', async () => {
  const client = await rawClient(one);
  const note = 'x'.repeat(10_000);
  for (let i = 0; i < 50; i++) assert.ok((await client.ask('projects.create', { name: `p${i}`, note })).result);
  client.socket.close();
  const socket = await upgraded();
  socket.pause();
  const before = process.memoryUsage().rss;
  const count = 2000; // answers of half a megabyte each
  for (let id = 0; id < count; id++)
    socket.write(frame(1, Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method: 'projects.list', params: {} }))));
  await stillAnswers();
  await until('only those that read are connected', () => one.server.clients() === 0, 10_000);
  assert.ok(process.memoryUsage().rss - before < 250 * 2 ** 20, `${process.memoryUsage().rss - before} bytes more`);
  socket.destroy();
});

test('a body of the wrong kind, or too long, is refused unread', async () => {
  const { port, token } = one;
  const post = (headers: string[], body = 'x'): Promise<{ status: number }> =>
    sendRaw(
      port,
      [
        `POST /uploads?name=a HTTP/1.1`,
        `Host: 127.0.0.1:${port}`,
        `Authorization: Bearer ${token}`,
        ...headers,
        '',
        body,
      ].join('\r\n'),
    );
  const types = [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json',
    'text/plain; application/octet-stream',
    'application/octet-stream, text/plain',
    '',
  ];
  for (const type of types)
    assert.equal((await post([`Content-Type: ${type}`, 'Content-Length: 1'])).status, 415, type);
  assert.equal((await post(['Content-Length: 1'])).status, 415);
  assert.equal(
    (await post(['Content-Type: application/octet-stream', `Content-Length: ${LIMITS.uploadBytes + 1}`])).status,
    413,
  );
  const stranger = await sendRaw(
    port,
    `POST /uploads?name=a HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nExpect: 100-continue\r\nContent-Length: 9\r\nContent-Type: application/octet-stream\r\n\r\n`,
  );
  assert.equal(stranger.status, 401);
  counted('Bodies of the wrong kind', types.length + 2);
});
