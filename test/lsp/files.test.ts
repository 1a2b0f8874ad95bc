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
