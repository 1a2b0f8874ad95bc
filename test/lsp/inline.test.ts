// Slow: starts a real daemon, language servers, and an engine that loads the bundled model.
/** textDocument/inlineCompletion over stdio and over the daemon's socket: the active adapter answers, and follows a change. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { CancellationTokenSource, type InlineCompletionItem, type Position } from 'vscode-languageserver-protocol';
import { activateAdapter } from '../../daemon/catalog/adapters.ts';
import { type Catalog, openCatalog } from '../../daemon/catalog/open.ts';
import { connect } from '../../daemon/client/connect.ts';
import { connectLanguage } from '../../daemon/client/language.ts';
import { activate } from '../../daemon/protocol/adapters.ts';
import { summary, texts } from '../../daemon/protocol/completions.ts';
import { daemonHome } from '../daemon.ts';
import { store } from '../served.ts';
import { type Editor, editorOn, type EditorOptions, startClient } from './client.ts';

const home = daemonHome();
const URI = 'file:///project/total.ts';
const TEXT = 'function total(items) {\r\n  let sum = ;\r\n}\r\n';
const AT: Position = { line: 1, character: 12 };
const capabilities = { textDocument: { inlineCompletion: {} } };
let catalog: Catalog;

before(async () => {
  catalog = await openCatalog(join(home, 'catalog', 'catalog.db'));
  await store(catalog, 'one', 1);
  await store(catalog, 'two', 2);
  await catalog.change((change) => activateAdapter(change, { adapter: 'one' }, 'test'));
});
after(() => catalog.close());

async function stdio(options: EditorOptions): Promise<Editor & { end: () => Promise<unknown> }> {
  return startClient(options);
}
async function socket(options: EditorOptions): Promise<Editor & { end: () => Promise<unknown> }> {
  const connection = await connectLanguage();
  const editor = await editorOn(connection.reader, connection.writer, options);
  return { ...editor, end: () => (connection.close(), connection.closed) };
}

async function opened(editor: Editor, text = TEXT, uri = URI): Promise<void> {
  await editor.connection.sendNotification('textDocument/didOpen', {
    textDocument: { uri, languageId: 'typescript', version: 1, text },
  });
}
const complete = (editor: Editor, position: Position, more: object = {}, uri = URI): Promise<InlineCompletionItem[]> =>
  editor.connection.sendRequest('textDocument/inlineCompletion', {
    ...{ textDocument: { uri }, position },
    context: { triggerKind: 1, ...more },
  });

for (const [name, start] of [
  ['stdio', stdio],
  ['the socket of the daemon', socket],
] as const) {
  test(`over ${name}: the active adapter completes, typing through agrees, and another adapter takes over`, async (t) => {
    const editor = await start({ capabilities });
    t.after(() => editor.end());
    await opened(editor);
    const [item, ...others] = await complete(editor, AT);
    assert.equal(others.length, 0);
    const first = item!.insertText as string;
    assert.deepEqual(item!.range, { start: AT, end: AT });
    assert.doesNotMatch(first, /;$/); // it stands there already

    const range = { start: AT, end: AT };
    const change = { textDocument: { uri: URI, version: 2 }, contentChanges: [{ range, text: first.slice(0, 5) }] };
    await editor.connection.sendNotification('textDocument/didChange', change);
    const [rest] = await complete(editor, { line: 1, character: 17 }, { triggerKind: 2 });
    assert.equal(rest!.insertText, first.slice(5));

    const client = await connect();
    t.after(() => client.close());
    await opened(editor, TEXT, `${URI}x`);
    await client.call(activate, { adapter: 'two' });
    let second = first;
    for (let i = 0; second === first && i < 50; i++) {
      [{ insertText: second }] = (await complete(editor, AT, {}, `${URI}x`)) as [{ insertText: string }];
      await new Promise((resolve) => setTimeout(resolve, 20)); // the event is on its way
    }
    assert.notEqual(second, first);
    await client.call(activate, { adapter: 'one' });
  });
}

test('what is accepted is counted, and its text is stored only if the person wants it', async (t) => {
  const client = await connect();
  t.after(() => client.close());
  const counts = async () => (await client.call(summary, {})).total;
  const before = await counts();
  for (const keepTexts of [false, true]) {
    const uri = `file:///project/count-${keepTexts}.ts`;
    const editor = await stdio({ capabilities, settings: { inlineCompletion: { keepTexts } } });
    await opened(editor, TEXT, uri);
    const [item] = await complete(editor, AT, { triggerKind: 1 }, uri);
    const text = item!.insertText as string;
    await editor.connection.sendNotification('textDocument/didChange', {
      ...{ textDocument: { uri, version: 2 }, contentChanges: [{ range: { start: AT, end: AT }, text }] },
    });
    await editor.end();
    const stored = await client.call(texts, {});
    assert.deepEqual(
      stored.items.map((one) => [one.text, one.file, one.outcome]),
      keepTexts ? [[text, '/project/count-true.ts', 'accepted']] : [],
    );
  }
  const after = await counts();
  assert.deepEqual([after.shown - before.shown, after.accepted - before.accepted], [2, 2]);
});

test('a selected suggestion is the beginning of the completion', async (t) => {
  const editor = await stdio({ capabilities });
  t.after(() => editor.end());
  await opened(editor, TEXT.replace(' = ', ' = it'));
  const range = { start: AT, end: { ...AT, character: 14 } };
  const [item] = await complete(editor, range.end, { selectedCompletionInfo: { range, text: 'items' } });
  assert.match(item!.insertText as string, /^items./);
  assert.deepEqual(item!.range, range);
});

test('a cancelled request is over at once; excluded files and a setting that is off give nothing', async (t) => {
  const inlineCompletion = { exclude: ['*.secret'], enabled: false };
  const editor = await stdio({ capabilities, settings: { inlineCompletion } });
  t.after(() => editor.end());
  await opened(editor);
  await opened(editor, TEXT, 'file:///project/a.secret');
  assert.deepEqual(await complete(editor, AT, { triggerKind: 2 }), []);
  assert.deepEqual(await complete(editor, AT, {}, 'file:///project/a.secret'), []);
  assert.deepEqual(await complete(editor, AT, {}, 'file:///project/other.ts'), []);
  const source = new CancellationTokenSource();
  const asked = editor.connection.sendRequest<unknown>(
    'textDocument/inlineCompletion',
    { textDocument: { uri: URI }, position: AT, context: { triggerKind: 1 } },
    source.token,
  );
  await new Promise((resolve) => setTimeout(resolve, 20)); // the model is being loaded
  source.cancel();
  assert.deepEqual(await asked.catch((error: unknown) => (error as { code: number }).code), []);
});

test('a client that does not ask for inline completion is not offered it', async (t) => {
  const editor = await stdio({});
  t.after(() => editor.end());
  await opened(editor);
  assert.deepEqual(await complete(editor, AT), []);
});
