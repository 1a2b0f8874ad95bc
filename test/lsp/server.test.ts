// Slow: starts a language server per test.
/** The language server as a client sees it: hovers, lenses, edits, settings, cancellation, large and malformed documents. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import {
  CancellationTokenSource,
  type Diagnostic,
  type MarkupContent,
  type Range,
} from 'vscode-languageserver-protocol';
import {
  createProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver-protocol/node';
import { loadTokenizer } from '../../daemon/data/tokenizer.ts';
import { startLanguageServer } from '../../daemon/lsp/server.ts';
import { CHATML, tinyTokenizer } from '../fixtures/tokenizer/build.ts';
import { temporaryFolder } from '../temporary.ts';
import { atLine, edited, startClient, type ClientOptions, type LspClient } from './client.ts';

const base = tinyTokenizer({ chatTemplate: CHATML });
const tokenizer = loadTokenizer(base);
const messages = [
  { role: 'user', content: 'hello' },
  { role: 'assistant', content: 'the answer' },
];
const GOOD = JSON.stringify({ messages });
const env = { VERA_HOME: temporaryFolder() };

/** A client for one test, which is ended even if the test fails. */
async function ended(options: ClientOptions): Promise<LspClient> {
  const one = await startClient(options);
  after(() => one.end());
  return one;
}

let client: LspClient;
before(async () => {
  client = await startClient({ settings: { base, length: 512, tokensPerSecond: 2 }, env });
});
after(async () => {
  assert.equal(await client.end(), 0);
});

const valueOf = async (uri: string, line: number, character: number, from = client): Promise<string> =>
  ((await from.hover(uri, { line, character }))!.contents as MarkupContent).value;

test('a hover shows tokens of row and field, and the row as the chat template writes it', async () => {
  const uri = 'file:///nowhere/hover.jsonl';
  await client.open(uri, `${GOOD}\n`);
  const rendered = tokenizer.renderChat!(messages);
  const tokens = tokenizer.encode(rendered, { addSpecialTokens: false }).length;
  const value = await valueOf(uri, 0, GOOD.indexOf('the answer'));
  assert.ok(value.includes(`${tokens} tokens, 4 counted in the loss`), value);
  assert.match(value, /`messages\[1\]\.content`: 2 tokens, counted in the loss/);
  assert.ok(value.replaceAll(/[\u27e6\u27e7]/g, '').includes(rendered), value);
  assert.ok(value.includes('\u27e6the answer<|im_end|>\n\u27e7'), value);
  assert.match(
    await valueOf(uri, 0, GOOD.indexOf('hello')),
    /`messages\[0\]\.content`: \d+ tokens?, not counted in the loss/,
  );
  assert.equal(await client.hover(uri, { line: 1, character: 0 }), null);
  assert.equal(await client.hover('file:///nowhere/other.jsonl', { line: 0, character: 0 }), null);
});

test('the text of a row cannot close the code block that shows it', async () => {
  const uri = 'file:///nowhere/fence.jsonl';
  await client.open(uri, `${JSON.stringify({ text: '````\n[x](command:evil)' })}\n`);
  const value = await valueOf(uri, 0, 3);
  assert.match(value, /`````text\n[^]*````\n\[x\]\(command:evil\)[^]*\n`````$/);
});

test('a hover shows where a row is cut', async () => {
  const short = await ended({ settings: { base, length: 40 }, env });
  const uri = 'file:///nowhere/cut.jsonl';
  await short.open(
    uri,
    `${JSON.stringify({ messages: [messages[0], { role: 'assistant', content: '1234567890' }] })}\n`,
  );
  const value = await valueOf(uri, 0, 3, short);
  assert.match(value, /cut after 40/);
  assert.match(value, /--- cut here ---/);
});

test('lenses show the command, rows, tokens, minutes and problems', async () => {
  const uri = 'file:///nowhere/lens.jsonl';
  await client.open(uri, `${GOOD}\n${GOOD}\n`);
  const lenses = await client.lenses(uri);
  const tokens = 2 * tokenizer.encode(tokenizer.renderChat!(messages), { addSpecialTokens: false }).length;
  assert.deepEqual(lenses[0]!.command, {
    title: 'Fine-tune with VeRA\u2026',
    command: 'veraStudio.fineTune',
    arguments: [uri],
  });
  assert.deepEqual(
    lenses.slice(1).map(({ command }) => command!.title),
    ['2 rows \u00b7 chat messages', `${tokens} tokens, 8 counted in the loss`, 'about 39 s an epoch', '1 problem'],
  );
  assert.ok(lenses.every(({ range }) => range.start.line === 0));
});

test('settings: format, base and length can change while documents are open', async () => {
  const other = await ended({ env });
  const uri = 'file:///nowhere/settings.jsonl';
  const row = JSON.stringify({ text: 'hello', prompt: 'a', completion: 'the fox' });
  await other.open(uri, `${row}\n`);
  assert.match((await other.lenses(uri))[2]!.command!.title, /guessed from characters/);
  const set = async (settings: object): Promise<string[]> => {
    await other.connection.sendNotification('workspace/didChangeConfiguration', { settings });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await other.settled(uri);
    return (await other.lenses(uri)).map(({ command }) => command!.title);
  };
  assert.match((await set({ veraStudio: { dataset: { base } } }))[2]!, /^\d+ tokens, \d+ counted in the loss$/);
  assert.match((await set({ format: 'text' }))[1]!, /plain text/);
  assert.match((await set({ format: 'nonsense', length: 'x' }))[1]!, /prompt and completion/);
  await set({ length: 4 });
  assert.ok((await other.diagnostics(uri)).some(({ code }) => code === 'nothing-learned' || code === 'cut'));
});

test('diagnostics after edits are those of the new text', async () => {
  const line = fc.constantFrom(
    GOOD,
    '{"prompt":"a","completion":"b"}',
    '{"messages":[]}',
    '{',
    '',
    '{"messages":[{"role":"x","content":"y"}]}',
  );
  const change = fc.record({
    line: fc.nat(8),
    character: fc.nat(60),
    lines: fc.nat(3),
    end: fc.nat(60),
    text: fc.oneof(
      line,
      line.map((one) => `${one}\n`),
      fc.constantFrom('"', '\n', '\r\n', 'x'),
    ),
  });
  let n = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 6 }), fc.array(change, { maxLength: 5 }), async (lines, changes) => {
      const uri = `file:///nowhere/edit-${n}.jsonl`;
      const fresh = `file:///nowhere/fresh-${n++}.jsonl`;
      let text = lines.join('\n');
      await client.open(uri, text);
      for (const { line: at, character, lines: more, end, text: put } of changes) {
        const all = text.split(/\r\n?|\n/);
        const place = (wanted: number, column: number) => {
          const row = Math.min(wanted, all.length - 1);
          return { line: row, character: Math.min(column, all[row]!.length) };
        };
        const range: Range = { start: place(at, character), end: place(at + more, end) };
        if (range.start.line === range.end.line && range.start.character > range.end.character) range.end = range.start;
        client.change(uri, [{ range, text: put }]);
        text = edited(text, [{ range, newText: put }]);
      }
      const found = await client.settled(uri);
      const expected = await client.open(fresh, text);
      assert.deepEqual(plain(found), plain(expected), text);
      for (const one of [uri, fresh])
        await client.connection.sendNotification('textDocument/didClose', { textDocument: { uri: one } });
    }),
    { numRuns: 40 },
  );
});

const plain = (found: Diagnostic[]): unknown[] => found.map(({ relatedInformation: _, ...one }) => one);

test('the same is true for records of several lines', async () => {
  const piece = fc.constantFrom('prompt,completion\n', 'a,b\n', '"a\nb",c\n', '"', '\n', ',', 'x,"y\n\nz"\n');
  let n = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 8 }),
      fc.nat(200),
      fc.nat(5),
      piece,
      async (pieces, at, removed, put) => {
        const text = pieces.join('');
        const offset = at % (text.length + 1);
        const positionOf = (place: number) => {
          const before = text.slice(0, place).split('\n');
          return { line: before.length - 1, character: before.at(-1)!.length };
        };
        const end = Math.min(text.length, offset + removed);
        const uri = `file:///nowhere/records-${n}.csv`;
        await client.open(uri, text);
        client.change(uri, [{ range: { start: positionOf(offset), end: positionOf(end) }, text: put }]);
        const found = await client.settled(uri);
        const expected = await client.open(
          `file:///nowhere/again-${n++}.csv`,
          text.slice(0, offset) + put + text.slice(end),
        );
        assert.deepEqual(plain(found), plain(expected));
      },
    ),
    { numRuns: 40 },
  );
});

test('the server keeps answering, whatever a document contains', async () => {
  const jsonish = fc.json({ maxDepth: 3 }).map((text) => `{"messages":[${text}],"prompt":${text}}`);
  const row = fc.oneof(
    fc.string({ unit: 'binary' }),
    jsonish,
    fc.constantFrom(
      '\uFEFF',
      '\r',
      '"',
      '['.repeat(200),
      '{"messages":[{"role":1}]}',
      '{"__proto__":{"text":1}}',
      '{"conversations":[null]}',
    ),
  );
  const name = fc.constantFrom('a.jsonl', 'a.json', 'a.csv', 'a.tsv', 'a.txt', 'a%00.jsonl', '..%2f.jsonl');
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { maxLength: 12 }),
      name,
      fc.nat(12),
      fc.nat(40),
      async (rows, file, line, character) => {
        const uri = `file:///nowhere/${file}`;
        await client.open(uri, rows.join('\n'));
        await client.hover(uri, { line, character });
        const actions = await client.actions(uri, {
          start: { line: 0, character: 0 },
          end: { line: 20, character: 0 },
        });
        for (const action of actions.filter(({ edit }) => !edit)) await client.resolve(action);
        assert.ok((await client.lenses(uri)).length >= 4);
      },
    ),
    { numRuns: 40 },
  );
  assert.equal(client.process.exitCode, null);
});

test('the number of diagnostics is limited, the others are counted, and those near an edit are always sent', async () => {
  const few = await ended({ settings: { base, maxProblems: 10 }, env });
  const uri = 'file:///nowhere/many.jsonl';
  const found = await few.open(
    uri,
    `${GOOD}\n${'{"messages":[]}\n'.repeat(1)}${Array.from({ length: 3000 }, (_, i) => `{"messages": [${i}]}`).join('\n')}\n`,
  );
  assert.equal(found.length, 11);
  assert.match(found.at(-1)!.message as string, /^2,991 more problems/);
  assert.match((await few.lenses(uri)).at(-1)!.command!.title, /3,001 problems/);
  const at = { line: 2500, character: 0 };
  few.change(uri, [{ range: { start: at, end: at }, text: ' ' }]);
  assert.ok((await few.diagnostics(uri)).some(({ range }) => range.start.line === 2500));
});

test('long work can be cancelled, and other requests are answered meanwhile', async () => {
  const uri = 'file:///nowhere/long.jsonl';
  const row = (i: number): string => JSON.stringify({ prompt: `${i}`, completion: 'the fox '.repeat(40) });
  const rows = 40_000; // enough for a tenth of a second on a quick machine
  await client.open(uri, Array.from({ length: rows }, (_, i) => row(i)).join('\n'));
  const all = (await client.actions(uri, atLine(0), ['refactor'])).find(
    ({ title }) => title === 'Convert all rows to chat messages',
  )!;
  const source = new CancellationTokenSource();
  const cancelled = client.connection.sendRequest('codeAction/resolve', all, source.token);
  await new Promise((resolve) => setTimeout(resolve, 5));
  source.cancel();
  await assert.rejects(cancelled, { code: -32800 });
  const whole = client.resolve(all);
  assert.ok(await client.hover(uri, { line: 5, character: 15 }));
  assert.equal((await whole).edit!.changes![uri]!.length, rows);
  const old = client.resolve(all);
  client.change(uri, [{ range: atLine(0), text: ' ' }]);
  await assert.rejects(old, { code: -32801 });
});

test('a file that the editor does not send is read from the disk until it is closed', async () => {
  const path = join(env.VERA_HOME, 'on-disk.jsonl');
  writeFileSync(path, `\uFEFF${GOOD}\n{"messages":[]}\n`);
  const uri = pathToFileURL(path).href;
  assert.deepEqual(await client.connection.sendRequest('veraStudio/openFile', { uri }), { opened: true });
  let codes: unknown[] = [];
  for (let i = 0; codes.length < 2 && i < 500; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    codes = (client.last(uri) ?? []).map(({ code }) => code);
  }
  assert.deepEqual(codes, ['byte-order-mark', 'empty-list']);
  assert.ok(await client.hover(uri, { line: 0, character: 5 }));
  await client.connection.sendNotification('textDocument/didClose', { textDocument: { uri } });
  assert.equal(await client.connection.sendRequest('veraStudio/summary', { uri }), null);
  for (const wrong of [
    'file:///nowhere/none.jsonl',
    pathToFileURL(env.VERA_HOME).href,
    'http://x/a.jsonl',
    uri.replace('jsonl', 'exe'),
  ]) {
    await assert.rejects(client.connection.sendRequest('veraStudio/openFile', { uri: wrong }), /./, wrong);
  }
});

test('a large document is sampled, and says so', async () => {
  const uri = 'file:///nowhere/large.jsonl';
  const row = (i: number): string =>
    JSON.stringify({ prompt: `${i}`, completion: `${i} the quick brown fox `.repeat(20) });
  const text = Array.from({ length: 4000 }, (_, i) => row(i)).join('\n');
  await client.open(uri, text);
  const title = (await client.lenses(uri))[2]!.command!.title;
  const [, shown, unit, counted] =
    /^about ([\d.]+)([MK]) tokens, .* \(estimated from ([\d,]+) rows\)$/.exec(title) ?? [];
  assert.ok(Number(counted!.replace(',', '')) < 3500, title);
  const tokens = text
    .split('\n')
    .filter((_, i) => i % 40 === 0)
    .reduce((sum, line) => {
      const { prompt, completion } = JSON.parse(line) as { prompt: string; completion: string };
      return (
        sum +
        tokenizer.encode(
          tokenizer.renderChat!([
            { role: 'user', content: prompt },
            { role: 'assistant', content: completion },
          ]),
        ).length
      );
    }, 0);
  assert.ok(
    Math.abs((Number(shown) * (unit === 'M' ? 1e6 : 1e3)) / (tokens * 40) - 1) < 0.15,
    `${title}, ${tokens * 40} expected`,
  );
});

test('many servers run in one process, over any streams, and none of them ends it', async () => {
  const connect = async () => {
    const [toServer, toClient] = [new PassThrough(), new PassThrough()];
    let left: boolean | undefined;
    const server = startLanguageServer(new StreamMessageReader(toServer), new StreamMessageWriter(toClient), {
      version: '1',
      cache: env.VERA_HOME,
      onExit: (orderly) => (left = orderly),
    });
    const connection = createProtocolConnection(new StreamMessageReader(toClient), new StreamMessageWriter(toServer));
    connection.listen();
    const result = await connection.sendRequest('initialize', { processId: null, rootUri: null, capabilities: {} });
    return { connection, server, result: result as { serverInfo: { name: string } }, left: () => left };
  };
  const [one, two] = [await connect(), await connect()];
  assert.equal(one.result.serverInfo.name, 'VeRA Studio');
  await one.connection.sendNotification('textDocument/didOpen', {
    textDocument: { uri: 'file:///nowhere/a.jsonl', languageId: 'jsonl', version: 1, text: GOOD },
  });
  assert.equal(await two.connection.sendRequest('veraStudio/summary', { uri: 'file:///nowhere/a.jsonl' }), null);
  assert.equal(
    (await one.connection.sendRequest<{ rows: number }>('veraStudio/summary', { uri: 'file:///nowhere/a.jsonl' })).rows,
    1,
  );
  await one.connection.sendRequest('shutdown');
  await one.connection.sendNotification('exit');
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(one.left(), true);
  assert.equal(two.left(), undefined);
  one.connection.dispose();
  two.connection.dispose();
  two.server.dispose();
});

test('a client that leaves without a shutdown request ends the process with code 1', async () => {
  const rude = await ended({ env });
  const gone = new Promise((resolve) => rude.process.once('exit', resolve));
  rude.process.stdin!.end();
  assert.equal(await gone, 1);
  rude.connection.dispose();
});
