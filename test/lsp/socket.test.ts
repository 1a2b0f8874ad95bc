// Slow: starts a daemon and a language server per connection.
/**
 * The language server behind the daemon's socket: it checks, ends with its editor and with its daemon, and delays no other
 * client.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import type { MarkupContent } from 'vscode-languageserver-protocol';
import type { WebSocket } from 'ws';
import { openSocket as connectSocket, SocketReader, SocketWriter } from '../../daemon/client/socket.ts';
import { counted } from '../counted.ts';
import { openSocket, rawClient, sendRaw, serving, until } from '../serving.ts';
import type { Serving } from '../serving.ts';
import { isAlive } from '../daemon.ts';
import { temporaryFolder } from '../temporary.ts';
import { CHATML, tinyTokenizer } from '../fixtures/tokenizer/build.ts';
import { editorOn } from './client.ts';
import type { Editor } from './client.ts';

const EDITORS = 3;
const FRAME = 2 ** 24;
const GOOD = '{"prompt": "What is a rank?", "completion": "A number."}';
const WRONG = '{"prompt": "And a seed?"}';
const URI = 'file:///nowhere/rows.jsonl';
const base = tinyTokenizer({ chatTemplate: CHATML });

let one: Serving;
before(async () => {
  process.env['NODE_COMPILE_CACHE'] = temporaryFolder(); // as a daemon's has it: its processes start in half the time
  one = await serving(temporaryFolder(), {
    languageClients: EDITORS,
    languageFrameBytes: FRAME,
    closeMs: 2000,
    pingMs: 1000,
  });
});
after(() => one.close());

interface Connected extends Editor {
  socket: WebSocket;
  pid: number;
  closed: Promise<[code: number, reason: string]>;
}
const closeOf = async (socket: WebSocket): Promise<[number, string]> => {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  return [code, reason.toString()];
};
async function editor(): Promise<Connected> {
  const before = one.server.languagePids();
  const socket = await connectSocket(one, '/lsp', FRAME);
  const closed = closeOf(socket);
  const pid = one.server.languagePids().find((some) => !before.includes(some))!;
  const made = await editorOn(new SocketReader(socket), new SocketWriter(socket), { settings: { base } });
  return { ...made, socket, pid, closed };
}
const gone = async (pids: readonly number[]): Promise<void> => {
  await until('the end of the processes', () => pids.every((pid) => !isAlive(pid)));
  await until('no process is counted', () => pids.every((pid) => !one.server.languagePids().includes(pid)));
};

test('diagnostics arrive, hovers answer, an edit is checked; an editor is a client, and leaves with its process', async () => {
  const { open, hover, change, diagnostics, connection, socket, pid, closed } = await editor();
  assert.equal(one.server.clients(), 1);
  const found = await open(URI, `${GOOD}\n${WRONG}\n`);
  assert.deepEqual(
    found.map(({ range }) => range.start.line),
    [1],
  );
  const { contents } = (await hover(URI, { line: 0, character: 4 }))!;
  assert.match((contents as MarkupContent).value, /\d+ tokens, \d+ counted in the loss/);
  change(URI, [{ range: { start: { line: 1, character: 0 }, end: { line: 2, character: 0 } }, text: '' }]);
  assert.deepEqual(await diagnostics(URI), []);
  await connection.sendRequest('shutdown');
  await connection.sendNotification('exit');
  assert.deepEqual(await closed, [1000, '']);
  assert.equal(socket.readyState, socket.CLOSED);
  await gone([pid]);
  await until('no client is counted', () => one.server.clients() === 0);
});

test('a process that dies ends only its own connection, and the editor is told', async () => {
  const [first, second] = [await editor(), await editor()];
  process.kill(first.pid, 'SIGKILL');
  const [code, reason] = await first.closed;
  assert.equal(code, 1011);
  assert.match(reason, /language server ended/);
  assert.ok(one.logged.some((line) => line.includes('a language server ended') && line.includes('SIGKILL')));
  assert.equal((await second.open(URI, `${WRONG}\n`)).length, 1);
  second.socket.close();
  await gone([first.pid, second.pid]);
});

test('a connection that ends, in any way, ends its process', async () => {
  for (const end of [
    (socket: WebSocket) => socket.close(),
    (socket: WebSocket) => socket.terminate(),
    // In the midst of a message.
    (socket: WebSocket) => {
      socket.send('{"jsonrpc":"2.0",', { fin: false });
      socket.terminate();
    },
  ]) {
    const { socket, pid } = await editor();
    end(socket);
    await gone([pid]);
  }
  assert.ok(!one.logged.some((line) => line.includes('unexpected error')));
});

test('a process that no longer answers is killed when its editor leaves', async () => {
  const { socket, pid } = await editor();
  process.kill(pid, 'SIGSTOP');
  socket.close();
  await gone([pid]);
});

test('the number of editors is limited; the next one is served when another has left', async () => {
  const editors = [];
  for (let i = 0; i < EDITORS; i++) editors.push(await editor());
  const lines = [
    'GET /lsp HTTP/1.1',
    `Host: 127.0.0.1:${one.port}`,
    `Authorization: Bearer ${one.token}`,
    ...['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
    `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`,
  ];
  const count = 100;
  for (let i = 0; i < count; i++) {
    const { status, body } = await sendRaw(one.port, `${lines.join('\r\n')}\r\n\r\n`);
    assert.equal(status, 503);
    assert.match(body, /3 editors are connected/);
    assert.equal(one.server.languagePids().length, EDITORS);
  }
  counted('Editors beyond the limit', count);
  editors[0]!.socket.close();
  await gone([editors[0]!.pid]);
  const next = await editor();
  for (const { socket } of [...editors, next]) socket.close();
  await gone([...editors, next].map(({ pid }) => pid));
});

test('something that is not a message ends only its own connection, with a code', async () => {
  const call = '{"jsonrpc":"2.0","id":1,"method":"shutdown"}';
  const garbage: [name: string, code: number, data: string | Buffer][] = [
    ['not JSON', 1007, '{"jsonrpc":'],
    ['nothing', 1007, ''],
    ['a number', 1007, '7'],
    ['null', 1007, 'null'],
    ['a batch', 1007, `[${call}]`],
    ['another version', 1007, call.replace('2.0', '1.0')],
    ['params that are text', 1007, call.replace('}', ',"params":"x"}')],
    ['an id that is a list', 1007, call.replace('"id":1', '"id":[1]')],
    ['a cancellation of nothing', 1007, '{"jsonrpc":"2.0","method":"$/cancelRequest"}'],
    ['an answer without a result', 1007, '{"jsonrpc":"2.0","id":1}'],
    ['brackets 500,000 deep', 1007, `${'['.repeat(500_000)}${']'.repeat(500_000)}`],
    ['params 200 deep', 1007, call.replace('}', `,"params":${'{"a":'.repeat(200)}1${'}'.repeat(200)}}`)],
    ['a header of its own', 1007, `Content-Length: 44\r\n\r\n${call}`],
    ['binary', 1003, Buffer.from(call)],
    ['not UTF-8', 1007, Buffer.from([0x7b, 0xff, 0xfe])],
    ['a byte too long', 1009, `"${' '.repeat(FRAME)}"`],
  ];
  const innocent = await editor();
  for (const [name, code, data] of garbage) {
    const socket = await openSocket(one, '/lsp');
    const closed = closeOf(socket);
    socket.on('error', () => undefined);
    socket.send(data, { binary: name === 'binary' });
    assert.equal((await closed)[0], code, name);
    await until('its process is gone', () => one.server.languagePids().length === 1);
    assert.equal((await innocent.open(`file:///nowhere/${encodeURIComponent(name)}.jsonl`, WRONG)).length, 1, name);
  }
  innocent.socket.close();
  await gone([innocent.pid]);
  counted('Invalid messages to a language server', garbage.length);
});

test('requests with an unknown method or wrong params are answered, and the connection stays', async () => {
  const { connection, open, socket, pid } = await editor();
  await assert.rejects(connection.sendRequest('nobody/knows', {}), { code: -32601 });
  await assert.rejects(connection.sendRequest('textDocument/hover', {}));
  await connection.sendNotification('textDocument/didChange', {});
  assert.equal((await open(URI, `${WRONG}\n`)).length, 1);
  socket.close();
  await gone([pid]);
});

test('a large document delays nobody, is held only once by the daemon, and is checked', async () => {
  const rpc = await rawClient(one);
  const { connection, socket, pid } = await editor();
  const text = `${GOOD}\n`.repeat(170_000) + WRONG; // 10 MB
  assert.ok(text.length > 9e6 && JSON.stringify(text).length < FRAME);
  const published = new Promise<number>((resolve) =>
    connection.onNotification('textDocument/publishDiagnostics', ({ diagnostics }: { diagnostics: unknown[] }) =>
      diagnostics.length > 0 ? resolve(diagnostics.length) : undefined,
    ),
  );
  const delays: number[] = [];
  let over = false;
  const asking = (async () => {
    while (!over) {
      const start = performance.now();
      await rpc.ask('projects.list', {});
      delays.push(performance.now() - start);
    }
  })();
  // A process that does not read yet: what is sent waits with the sender.
  process.kill(pid, 'SIGSTOP');
  const textDocument = { uri: 'file:///nowhere/large.jsonl', languageId: 'jsonl', version: 1, text };
  void connection.sendNotification('textDocument/didOpen', { textDocument });
  for (let i = 0; i < 20; i++)
    void connection.sendNotification('$/setTrace', { value: 'off', padding: 'x'.repeat(2 ** 20) });
  const before = delays.length;
  await new Promise((resolve) => setTimeout(resolve, 3000)); // pings are missed meanwhile, and no reason to cut it off
  const answered = delays.length - before;
  const waiting = socket.bufferedAmount;
  process.kill(pid, 'SIGCONT');
  assert.ok((await published) > 0);
  over = true;
  await asking;
  assert.ok(waiting > 5e6, `${waiting} bytes wait with the sender`);
  delays.sort((a, b) => a - b);
  console.log(
    `answers while a large document is checked: ${delays.length}, median ${delays[delays.length >> 1]!.toFixed(1)} ms, slowest ${delays.at(-1)!.toFixed(0)} ms`,
  );
  assert.ok(answered > 100, `${answered} answers to others while one does not read`);
  rpc.socket.close();
  socket.close();
  await gone([pid]);
});

test('what is written to an editor that does not read is limited', async () => {
  const { connection, open, socket, pid } = await editor();
  await open(URI, `${WRONG}\n`.repeat(3000));
  socket.pause();
  // Diagnostics of every change are a thousand lines each.
  for (let version = 2; version < 300; version++)
    void connection.sendNotification('textDocument/didChange', {
      textDocument: { uri: URI, version },
      contentChanges: [{ range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } }, text: ' ' }],
    });
  const before = process.memoryUsage().rss;
  await new Promise((resolve) => setTimeout(resolve, 2000));
  assert.ok(process.memoryUsage().rss - before < 150 * 2 ** 20);
  socket.terminate();
  await gone([pid]);
});

test('a server that closes ends its editors and their processes, even one that does not answer', async () => {
  const other = await serving(temporaryFolder(), { closeMs: 500 });
  const [polite, deaf] = [await openSocket(other, '/lsp'), await openSocket(other, '/lsp')];
  const pids = other.server.languagePids();
  assert.equal(pids.length, 2);
  process.kill(pids[1]!, 'SIGSTOP');
  const closed = closeOf(polite);
  deaf.pause();
  await other.close();
  assert.deepEqual(await closed, [1001, 'the daemon ends']);
  assert.deepEqual(
    pids.map((pid) => isAlive(pid)),
    [false, false],
  );
  deaf.terminate();
});
