// Slow: starts a language server.
/** Files as people have them, in an editor: encodings, delimiters, JSON arrays, columns under other names. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { temporaryFolder } from '../temporary.ts';
import { atLine, startClient, type LspClient } from './client.ts';

let client: LspClient;
before(async () => {
  client = await startClient({ env: { VERA_HOME: temporaryFolder() } });
});
after(async () => {
  assert.equal(await client.end(), 0);
});

test('a file in another encoding gets no edit of any kind until it is UTF-8 on the disk', async () => {
  const path = join(temporaryFolder(), 'umlauts.csv');
  const bytes = Buffer.from('question,answer\nWie hei\xdft das Ger\xe4t?,Ger\xe4t\n', 'latin1');
  writeFileSync(path, bytes);
  const uri = pathToFileURL(path).href;
  // An editor shows what it could not read as U+FFFD, and would write that character over the bytes.
  const found = await client.open(uri, bytes.toString('utf8'), 'csv');
  const place = found.find(({ code }) => code === 'not-utf8')!;
  assert.match(JSON.stringify(place.message), /byte 0xdf at position 7/);
  assert.equal(place.range.start.line, 1);
  for (const only of [undefined, ['quickfix'], ['refactor'], ['source'], ['source.fixAll']])
    assert.deepEqual(await client.actions(uri, atLine(1), only), [], String(only));
  const data = { uri, version: 1, kind: 'repeats' };
  await assert.rejects(client.resolve({ title: 'Remove all repeated rows', data }), /lose characters|has changed/);
  // An edit elsewhere changes nothing about that.
  client.change(uri, [{ range: { ...atLine(1), end: { line: 1, character: 0 } }, text: 'a,b\n' }]);
  assert.deepEqual(await client.actions(uri, atLine(1)), []);
  const text = bytes.toString('latin1');
  writeFileSync(path, text);
  client.change(uri, [{ text }]);
  await client.connection.sendNotification('textDocument/didSave', { textDocument: { uri } });
  await client.settled(uri);
  assert.notDeepEqual(await client.actions(uri, atLine(1)), []);
});

test('semicolons, tabs, bars and "sep=" separate fields as in training, also after an edit', async () => {
  for (const [name, delimiter] of [
    ['semicolon', ';'],
    ['tab', '\t'],
    ['bar', '|'],
  ] as const) {
    const uri = `file:///nowhere/${name}.csv`;
    const text = `prompt;completion\n"a, b";"c; d"\ne, f, g;h\ni, j;k\n`;
    const own = text.replaceAll(';', delimiter).replace(`c${delimiter} d`, 'c; d');
    assert.deepEqual(await client.open(uri, own, 'csv'), [], name);
    assert.equal((await client.lenses(uri))[1]!.command!.title, '3 rows \u00b7 prompt and completion');
  }
  const uri = 'file:///nowhere/said.csv';
  assert.deepEqual(await client.open(uri, 'sep=;\nprompt;completion\na;b\n', 'csv'), []);
  client.change(uri, [{ text: 'prompt,completion\na;b,c\nd,e\n' }]);
  assert.deepEqual(await client.settled(uri), []);
  assert.equal((await client.lenses(uri))[1]!.command!.title, '2 rows \u00b7 prompt and completion');
});

test('columns are read as the setting says, and the message about unknown columns names the setting', async () => {
  const text = 'Frage;Antwort;Laune\nWer?;Der Fuchs;gut\nWas?;;gut\n';
  const uri = 'file:///nowhere/fragen.csv';
  const unknown = (await client.open(uri, text, 'csv')).find(({ code }) => code === 'unknown-format')!;
  assert.match(
    unknown.message as string,
    /setting veraStudio\.dataset\.columns says what they are, as in prompt=Frage,completion=Antwort$/,
  );
  const configure = async (columns: string) => {
    await client.connection.sendNotification('workspace/didChangeConfiguration', { settings: { columns } });
    return client.settled(uri);
  };
  const found = await configure('prompt=Frage,completion=Antwort');
  assert.deepEqual(
    found.map(({ code, range }) => [code, range.start.line, range.start.character]),
    [
      ['unused-fields', 0, 14],
      ['empty-answer', 2, 5],
    ],
  );
  // Nothing that would rename a column is offered.
  assert.deepEqual(
    (await client.actions(uri, atLine(2), ['quickfix'])).map(({ title }) => title),
    ['Remove this row'],
  );
  const wrong = (await configure('zebra=Frage')).find(({ code }) => code === 'columns-setting')!;
  assert.match(wrong.message as string, /veraStudio\.dataset\.columns is wrong.*no row format reads a column "zebra"/);
  await configure('');
});
