// Slow: makes thousands of requests to a real daemon.
/** Who gets in: tries every route of the router and every upgrade with every combination of token, Origin and Host. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { temporaryFolder } from '../temporary.ts';
import { sendRaw, serving, until } from '../serving.ts';
import type { Serving } from '../serving.ts';
import { counted } from '../counted.ts';

const home = temporaryFolder();
let old: string;
let one: Serving;
before(async () => {
  const first = await serving(home);
  old = first.token;
  await first.close();
  one = await serving(home);
});
after(() => one.close());

interface Door {
  method: string;
  path: string;
  upgrade: boolean;
}

/** All routes, read from express' router, and all upgrades. So a new route is tried without being added here. */
function doors(): Door[] {
  const routes = one.server.app.router.stack.flatMap(({ route }) => {
    if (route === undefined) return [];
    const path = route.path.replaceAll(/:\w+/g, '1');
    const methods = new Set(route.stack.map(({ method }) => method.toUpperCase()));
    return [...methods].map((method) => ({ method, path, upgrade: false }));
  });
  assert.deepEqual(one.server.upgrades, ['/rpc', '/lsp']);
  assert.ok(routes.length >= 5, `only ${routes.length} routes were found: the reader is broken`);
  return [
    ...routes,
    // From outside, an unknown route must look like a known one.
    { method: 'GET', path: '/', upgrade: false },
    { method: 'OPTIONS', path: '/uploads', upgrade: false },
    { method: 'HEAD', path: '/metrics', upgrade: false },
    { method: 'GET', path: '/%2e%2e/daemon.json', upgrade: false },
    ...[...one.server.upgrades, '/rpc/', '/lsp/', '/', ...routes.map(({ path }) => path)].map((path) => ({
      method: 'GET',
      path,
      upgrade: true,
    })),
  ];
}

/** Header lines for each way to send a token. Only the first one gets in. */
const tokens = (token: string): Record<string, string[]> => ({
  right: [`Authorization: Bearer ${token}`],
  none: [],
  wrong: [`Authorization: Bearer ${token.slice(1)}${token.slice(0, 1)}`],
  prefix: [`Authorization: Bearer ${token.slice(0, -1)}`],
  longer: [`Authorization: Bearer ${token}A`],
  old: [`Authorization: Bearer ${old}`],
  empty: ['Authorization: Bearer '],
  basic: [`Authorization: Basic ${Buffer.from(`vera:${token}`).toString('base64')}`],
  cookie: [`Cookie: token=${token}; Authorization=Bearer ${token}`],
  twice: [`Authorization: Bearer ${old}`, `Authorization: Bearer ${token}`],
});
const origins = (port: number): Record<string, string[]> => ({
  none: [],
  foreign: ['Origin: https://evil.example'],
  null: ['Origin: null'],
  'other port': ['Origin: http://localhost:3000'],
  own: [`Origin: http://127.0.0.1:${port}`],
  editor: ['Origin: vscode-webview://abc'],
});
const hosts = (port: number): Record<string, string[]> => ({
  right: [`Host: 127.0.0.1:${port}`],
  name: [`Host: localhost:${port}`],
  foreign: [`Host: evil.example:${port}`],
  lookalike: [`Host: 127.0.0.1.evil.com:${port}`],
  empty: ['Host: '],
  absent: [],
  ipv6: [`Host: [::1]:${port}`],
  'no port': ['Host: 127.0.0.1'],
  'other port': [`Host: 127.0.0.1:${port === 65535 ? 1 : port + 1}`],
  'any address': [`Host: 0.0.0.0:${port}`],
  twice: [`Host: 127.0.0.1:${port}`, 'Host: evil.example'],
});

const UPGRADE = [
  ...['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
  `Sec-WebSocket-Key: ${Buffer.from('sixteen bytes...').toString('base64')}`,
];

test('only the right token from an allowed Host without an Origin gets past, at every door', async () => {
  const { port, token } = one;
  const cases: { name: string; text: string; open: boolean; door: Door }[] = [];
  for (const door of doors())
    for (const [tokenName, tokenLines] of Object.entries(tokens(token)))
      for (const [originName, originLines] of Object.entries(origins(port)))
        for (const [hostName, hostLines] of Object.entries(hosts(port))) {
          const isPost = door.method === 'POST';
          const lines = [
            `${door.method} ${door.path}${isPost ? '?name=a' : ''} HTTP/1.1`,
            ...[...hostLines, ...originLines, ...tokenLines],
            ...(door.upgrade ? UPGRADE : ['Connection: close']),
            ...(isPost ? ['Content-Type: application/octet-stream', 'Content-Length: 1'] : []),
          ];
          cases.push({
            name: `${lines[0]!}${door.upgrade ? ' upgrade' : ''} (token ${tokenName}, origin ${originName}, host ${hostName})`,
            text: `${lines.join('\r\n')}\r\n\r\n${isPost ? 'x' : ''}`,
            open: tokenName === 'right' && originName === 'none' && (hostName === 'right' || hostName === 'name'),
            door,
          });
        }

  const wrong: string[] = [];
  let opened = 0;
  const queue = cases.values();
  const worker = async (): Promise<void> => {
    for (const { name, text, open, door } of queue) {
      const { status, head, body } = await sendRaw(port, text);
      const refused = status === 400 || status === 401 || status === 403;
      if (open) opened++;
      if (open ? status === 0 || refused : !refused) wrong.push(`${name}: ${status}`);
      if (open && door.upgrade && (status === 101) !== one.server.upgrades.includes(door.path))
        wrong.push(`${name}: ${status}`);
      if (/access-control-/i.test(head)) wrong.push(`${name}: CORS headers`);
      if (body.includes(token) || head.includes(token)) wrong.push(`${name}: tells the token`);
      if (!open && /version|vera_|adapter/i.test(body)) wrong.push(`${name}: tells something: ${body}`);
    }
  };
  await Promise.all(Array.from({ length: 24 }, worker));
  assert.deepEqual(wrong.slice(0, 20), [], `${wrong.length} of ${cases.length} were answered wrongly`);
  assert.equal(opened, doors().length * 2);
  await until('nobody is connected', () => one.server.clients() === 0 && one.server.languagePids().length === 0);
  assert.ok(!one.logged.some((line) => line.includes(token) || line.includes(old)), 'a token was logged');
  counted('Doors x tokens x Origins x Hosts', cases.length);
});

test('a request that names another machine in its first line, or hides a second request, gets no further', async () => {
  const { port, token } = one;
  const auth = `Authorization: Bearer ${token}`;
  const tries = [
    `GET http://evil.example/health HTTP/1.1\r\nHost: evil.example\r\n${auth}\r\n\r\n`,
    `CONNECT evil.example:443 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${auth}\r\n\r\n`,
    // Smuggling: two lengths, a length and chunks, a bare line feed, a space before the colon, a header folded over two lines.
    `POST /uploads?name=a HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${auth}\r\nContent-Type: application/octet-stream\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx`,
    `POST /uploads?name=a HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${auth}\r\nContent-Type: application/octet-stream\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `POST /uploads?name=a HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${auth}\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    `GET /health HTTP/1.1\r\nHost : 127.0.0.1:${port}\r\n${auth}\r\n\r\n`,
    `GET /health HTTP/1.1\nHost: 127.0.0.1:${port}\nX: 1\r\n ${auth}\r\n\r\n`,
    `GET /health HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX: ${'a'.repeat(20_000)}\r\n${auth}\r\n\r\n`,
    `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${auth}\r\n\r\n`,
    `GET /health HTTP/9.9\r\nHost: 127.0.0.1:${port}\r\n${auth}\r\n\r\n`,
    `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    '\0\0\0\0\r\n\r\n',
  ];
  for (const text of tries) {
    const { status } = await sendRaw(port, text);
    assert.ok(status === 0 || (status >= 400 && status < 500), `${JSON.stringify(text.slice(0, 200))}: ${status}`);
  }
  counted('Malformed and ambiguous requests', tries.length);
});

test('the server listens on 127.0.0.1 alone', async () => {
  const { networkInterfaces } = await import('node:os');
  const { connect } = await import('node:net');
  const addresses = [
    '::1',
    ...Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)),
  ];
  for (const address of addresses) {
    if (address === '127.0.0.1') continue;
    const reached = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: address, port: one.port, timeout: 2000 });
      socket
        .once('connect', () => resolve(true))
        .once('error', () => resolve(false))
        .once('timeout', () => resolve(false));
      socket.once('close', () => socket.destroy());
    });
    assert.equal(reached, false, `${address} answers`);
  }
});
