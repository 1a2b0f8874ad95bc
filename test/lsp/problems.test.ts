/** Every diagnostic of the language server and every quick fix: after the fix, training must accept the file. Long because it is a table. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { openDataset } from '../../daemon/data/dataset.ts';
import { loadTokenizer } from '../../daemon/data/tokenizer.ts';
import { SEVERITIES } from '../../daemon/lsp/problems.ts';
import { CHATML, HEADERS, tinyTokenizer } from '../fixtures/tokenizer/build.ts';
import { temporaryFolder } from '../temporary.ts';
import { atLine, edited, startClient, type LspClient } from './client.ts';

const folder = temporaryFolder();
const LENGTH = 60;
const bases = {
  chatml: tinyTokenizer({ chatTemplate: CHATML }),
  headers: tinyTokenizer({ chatTemplate: HEADERS }),
  plain: tinyTokenizer(),
};

const ask = (question: string, answer: string): string =>
  JSON.stringify({
    messages: [
      { role: 'user', content: question },
      { role: 'assistant', content: answer },
    ],
  });
const talk = (...turns: [role: string, content: string][]): string =>
  JSON.stringify({ messages: turns.map(([role, content]) => ({ role, content })) });
const GOOD = ask('who', 'the fox');

interface Case {
  code: string;
  /** The document; bytes for a file on the disk. */
  text: string;
  bytes?: Buffer;
  name?: string;
  base?: keyof typeof bases;
  /** Place of the diagnostic: line, and the text it marks. */
  line?: number;
  marks?: string;
  says: RegExp;
  /** Title of the quick fix to apply; '' where there is none. */
  fix: string;
  /** What the document is then. */
  becomes?: string;
}

const CASES: Case[] = [
  {
    code: 'byte-order-mark',
    text: `\uFEFF${GOOD}\n`,
    line: 0,
    marks: '\uFEFF',
    says: /training ignores it/,
    fix: 'Remove the byte-order mark',
    becomes: `${GOOD}\n`,
  },
  {
    code: 'not-utf8',
    text: `${GOOD}\n{"a":"\uFFFD"}\n`,
    bytes: Buffer.concat([Buffer.from(`${GOOD}\n{"a":"`), Buffer.from([0xe9]), Buffer.from('"}\n')]),
    line: 1,
    marks: '\uFFFD',
    says: /byte 0xe9 at position 6\); reopen the file with its own encoding/,
    fix: '', // an editor that saves its text would lose the byte
  },
  {
    code: 'replacement-character',
    text: `${GOOD}\n${ask('a', 'b\uFFFD')}\n`,
    line: 1,
    marks: '\uFFFD',
    says: /text was lost/,
    fix: 'Remove this row',
  },
  { code: 'empty-file', text: '\n', says: /no rows/, fix: '' },
  {
    code: 'json-array',
    name: 'list.json',
    text: `[${GOOD}]`,
    line: 0,
    marks: '[',
    says: /one object per line/,
    fix: 'Write one row per line',
    becomes: `${GOOD}\n`,
  },
  {
    code: 'header',
    name: 'twice.csv',
    text: 'text,text\na,b\n',
    line: 0,
    marks: 'text',
    says: /"text" appears twice/,
    fix: '',
  },
  {
    code: 'unclosed-quote',
    name: 'open.csv',
    text: 'text\na\n"b\nc\n',
    line: 2,
    marks: '"b',
    says: /never closed/,
    fix: '',
  },
  {
    code: 'unknown-format',
    text: '{"question":"a","answer":"b"}\n{"question":"c","answer":"d"}\n',
    line: 0,
    says: /columns \(question, answer\)/,
    fix: 'Fix all rows: rename fields and roles, convert to one format',
    becomes: '{"prompt":"a","completion":"b"}\n{"prompt":"c","completion":"d"}\n',
  },
  {
    code: 'unknown-format',
    name: 'names.csv',
    text: 'question,answer\na,b\n',
    line: 1,
    says: /question, answer/,
    fix: 'Rename "question" to "prompt", rename "answer" to "completion"',
    becomes: 'prompt,completion\na,b\n',
  },
  {
    code: 'base-model',
    base: 'nothing' as 'plain',
    text: `${GOOD}\n`,
    says: /tokens are not counted: .*names no model|tokens are not counted: .*is not there/,
    fix: '',
  },
  { code: 'no-chat-template', base: 'plain', text: `${GOOD}\n`, says: /no chat template/, fix: '' },
  {
    code: 'invalid-json',
    text: `${GOOD}\n{"messages": [}\n`,
    line: 1,
    marks: '}',
    says: /"}" is not a JSON value/,
    fix: 'Remove this row',
    becomes: `${GOOD}\n`,
  },
  {
    code: 'not-an-object',
    text: `${GOOD}\n[1, 2]\n`,
    line: 1,
    marks: '[1, 2]',
    says: /this one is a list/,
    fix: 'Remove this row',
  },
  {
    code: 'too-deep',
    text: `${GOOD}\n{"a":${'['.repeat(70)}${']'.repeat(70)}}\n`,
    line: 1,
    marks: '[',
    says: /deeper than 64/,
    fix: 'Remove this row',
  },
  {
    code: 'too-long',
    text: `${GOOD}\n{"text":"${'x'.repeat(16 * 1024 * 1024)}"}\n`,
    line: 1,
    says: /longer than the limit of 16 MiB/,
    fix: 'Remove this row',
  },
  {
    code: 'field-count',
    name: 'fields.csv',
    text: 'prompt,completion\na,b\nc,d,e\n',
    line: 2,
    marks: 'c,d,e',
    says: /the header names 2 columns, but this row has 3 fields/,
    fix: 'Remove this row',
    becomes: 'prompt,completion\na,b\n',
  },
  {
    code: 'missing-field',
    text: '{"prompt":"a","completion":"b"}\n{"prompt":"c","answer":"d"}\n',
    line: 1,
    marks: '{',
    says: /"completion" must be a string, found nothing/,
    fix: 'Rename "answer" to "completion"',
    becomes: '{"prompt":"a","completion":"b"}\n{"prompt":"c","completion":"d"}\n',
  },
  {
    code: 'missing-field',
    text: `${GOOD}\n{"messages": [{"speaker": "human", "body": "a"}, {"speaker": "gpt", "body": "b"}]}\n`,
    line: 1,
    marks: '{',
    says: /messages\[0\]\.role/,
    fix: 'Rename "speaker" to "role", rename "body" to "content"',
    becomes: `${GOOD}\n{"messages": [{"role": "human", "content": "a"}, {"role": "gpt", "content": "b"}]}\n`,
  },
  {
    code: 'missing-field',
    text: `${GOOD}\n{"messages": [{"role": "user"}, {"role": "assistant", "content": "b"}]}\n`,
    line: 1,
    marks: '{',
    says: /messages\[0\]\.content/,
    fix: 'Remove this row',
    becomes: `${GOOD}\n`,
  },
  {
    code: 'wrong-type',
    text: '{"prompt":"a","completion":"b"}\n{"prompt":"c","completion":7}\n',
    line: 1,
    marks: '7',
    says: /found a number/,
    fix: 'Write numbers as text',
    becomes: '{"prompt":"a","completion":"b"}\n{"prompt":"c","completion":"7"}\n',
  },
  {
    code: 'unknown-role',
    text: `${GOOD}\n${talk(['customer', 'a'], ['assistant', 'b'])}\n`,
    line: 1,
    marks: '"customer"',
    says: /known roles are/,
    fix: 'Rename the role "customer" to "user"',
    becomes: `${GOOD}\n${talk(['user', 'a'], ['assistant', 'b'])}\n`,
  },
  {
    code: 'unknown-role',
    text: `${GOOD}\n${talk(['zebra', 'a'], ['assistant', 'b'])}\n`,
    line: 1,
    marks: '"zebra"',
    says: /known roles are/,
    fix: 'Change the role to "user"',
    becomes: `${GOOD}\n${talk(['user', 'a'], ['assistant', 'b'])}\n`,
  },
  {
    code: 'empty-list',
    text: `${GOOD}\n{"messages": []}\n`,
    line: 1,
    marks: '[]',
    says: /"messages" is empty/,
    fix: 'Remove this row',
  },
  {
    code: 'mixed-format',
    text: `${GOOD}\n{"prompt": "a", "completion": "b", "id": 3}\n`,
    line: 1,
    says: /mixed formats/,
    fix: 'Convert to chat messages',
    becomes: `${GOOD}\n{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "id": 3}\n`,
  },
  {
    code: 'mixed-format',
    text: `{"prompt":"x","completion":"y"}\n${GOOD}\n`,
    line: 1,
    says: /mixed formats/,
    fix: 'Convert to prompt and completion',
    becomes: '{"prompt":"x","completion":"y"}\n{"prompt":"who","completion":"the fox"}\n',
  },
  {
    code: 'template-refuses',
    base: 'headers',
    text: `${GOOD}\n${talk(['ipython', 'a'], ['assistant', 'b'])}\n`,
    line: 1,
    says: /unknown role ipython/,
    fix: 'Remove this row',
  },
  {
    code: 'cannot-obey',
    text: `${GOOD}\n{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","weight":0.5}]}\n`,
    line: 1,
    marks: '0.5',
    says: /"weight" says what is to be learned: it is 0\.5, and only 0 and 1/,
    fix: 'Remove this row',
    becomes: `${GOOD}\n`,
  },
  {
    code: 'left-out',
    text: '{"prompt":"a","completion":"b"}\n{"prompt":"c","completion":"d","train":false}\n',
    line: 1,
    marks: 'false',
    says: /leaves this row out, because "train" is false/,
    fix: '', // the data say so, and training obeys
  },
  {
    code: 'left-out',
    name: 'votes.csv',
    text: 'prompt,completion,label\na,b,True\nc,d,False\n',
    line: 2,
    marks: 'c,d,False',
    says: /because "label" is false/,
    fix: '',
  },
  {
    code: 'unused-fields',
    text: `{"prompt":"a","completion":"b"}\n{"prompt":"c","completion":"d","mood":"glad"}\n`,
    line: 1,
    marks: '"glad"',
    says: /the field "mood" is not used/,
    fix: '', // there is nothing wrong with the row
  },
  {
    code: 'unused-fields',
    text: `${GOOD}\n{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","mood":"glad"}]}\n`,
    line: 1,
    marks: '"glad"',
    says: /the field "messages\[\]\.mood" is not used/,
    fix: '',
  },
  {
    code: 'unused-fields',
    name: 'moods.csv',
    text: 'prompt,completion,mood\na,b,glad\nc,d,sad\n',
    line: 0,
    marks: 'mood',
    says: /the field "mood" is not used/,
    fix: '',
  },
  {
    code: 'no-answer',
    text: `${GOOD}\n${talk(['user', 'a'])}\n`,
    line: 1,
    says: /the assistant says nothing/,
    fix: 'Remove this row',
  },
  {
    code: 'empty-answer',
    text: `${GOOD}\n${ask('a', '')}\n`,
    line: 1,
    marks: '""',
    says: /answer is empty/,
    fix: 'Remove this row',
    becomes: `${GOOD}\n`,
  },
  {
    code: 'empty-answer',
    name: 'empty.tsv',
    text: 'prompt\tcompletion\na\tb\nc\t \n',
    line: 2,
    marks: ' ',
    says: /answer is empty/,
    fix: 'Remove this row',
  },
  {
    code: 'empty-text',
    text: '{"text":"the fox"}\n{"text":" "}\n',
    line: 1,
    marks: '" "',
    says: /text is empty/,
    fix: 'Remove this row',
  },
  {
    code: 'alternation',
    text: `${GOOD}\n${talk(['user', 'a'], ['user', 'b'], ['assistant', 'c'])}\n`,
    line: 1,
    marks: '"user"',
    says: /two messages of the user/,
    fix: '',
  },
  {
    code: 'system-not-first',
    text: `${GOOD}\n${talk(['user', 'a'], ['system', 'b'], ['assistant', 'c'])}\n`,
    line: 1,
    marks: '"system"',
    says: /expect the system message first/,
    fix: '',
  },
  {
    code: 'unanswered',
    text: `${GOOD}\n${talk(['user', 'a'], ['assistant', 'b'], ['user', 'c'])}\n`,
    line: 1,
    says: /ends with the user/,
    fix: '',
  },
  {
    code: 'duplicate-row',
    text: `${GOOD}\n${ask('x', 'y')}\n${GOOD}\n`,
    line: 2,
    marks: GOOD,
    says: /same row is on line 1/,
    fix: 'Remove all repeated rows',
    becomes: `${GOOD}\n${ask('x', 'y')}\n`,
  },
  {
    code: 'duplicate-field',
    text: '{"text":"a"}\n{"text":"b","text":"c"}\n',
    line: 1,
    marks: '"text"',
    says: /appears twice/,
    fix: '',
  },
  {
    code: 'cut',
    text: `${GOOD}\n${ask('a', 'the quick brown fox and 12345678901234567890123456789012345678901234567890')}\n`,
    line: 1,
    says: /the row has \d+ tokens, and training uses the first 60; the rest is cut off, with \d+ of the \d+ tokens counted in the loss/,
    fix: 'Remove this row',
  },
  {
    code: 'nothing-learned',
    text: `${GOOD}\n${ask('1234567890'.repeat(10), 'the fox')}\n`,
    line: 1,
    says: /no answer is among them/,
    fix: 'Remove this row',
    becomes: `${GOOD}\n`,
  },
  {
    code: 'carriage-return',
    text: `${GOOD}\n${ask('a', 'b')}\r${ask('c', 'd')}\n`,
    line: 1,
    marks: '}',
    says: /carriage return alone/,
    fix: '',
  },
];

const clients = new Map<string, LspClient>();
before(async () => {
  // One after another: starting is the slow part, and two cores are soon busy.
  for (const name of ['chatml', 'headers', 'plain', 'nothing']) {
    const base = bases[name as keyof typeof bases] ?? join(folder, 'no-such-model');
    clients.set(name, await startClient({ settings: { base, length: LENGTH }, env: { VERA_HOME: folder } }));
  }
});
after(async () => {
  for (const client of clients.values()) assert.equal(await client.end(), 0);
});

const marked = (
  text: string,
  { start, end }: { start: { line: number; character: number }; end: { line: number; character: number } },
): string =>
  text.split(/\r\n?|\n/)[start.line]!.slice(start.character, end.line === start.line ? end.character : undefined);

CASES.forEach((one, i) => {
  test(`${one.code}: ${one.fix === '' ? 'reported' : `reported, and fixed by "${one.fix}"`} (${i})`, async () => {
    const { code, text, name = 'rows.jsonl', base = 'chatml', says, fix } = one;
    const client = clients.get(base)!;
    const path = join(folder, `${i}-${name}`);
    writeFileSync(path, one.bytes ?? text);
    const uri = pathToFileURL(path).href;
    const found = (await client.open(uri, text)).filter((each) => each.code === code);
    const diagnostic = found.find(({ range }) => one.line === undefined || range.start.line === one.line);
    assert.ok(
      diagnostic,
      `${code} is missing on line ${one.line}: ${JSON.stringify(await client.diagnostics(uri)).slice(0, 2000)}`,
    );
    assert.match(diagnostic.message as string, says);
    assert.equal(diagnostic.severity, SEVERITIES[code as keyof typeof SEVERITIES]);
    if (one.marks !== undefined) assert.equal(marked(text, diagnostic.range), one.marks);

    const actions = (await client.actions(uri, diagnostic.range)).filter(({ kind }) => kind === 'quickfix');
    if (fix === '')
      return assert.deepEqual(
        actions.map(({ title }) => title).filter((title) => title !== 'Remove this row'),
        [],
      );
    const action = actions.find(({ title }) => title === fix);
    assert.ok(action, `no ${fix} among ${actions.map(({ title }) => title).join(' | ')}`);
    const { edit } = action.edit ? action : await client.resolve(action);
    const mended = edited(text, edit!.changes![uri]!);
    if (one.becomes !== undefined) assert.equal(mended, one.becomes);
    writeFileSync(path, mended);
    const again = await client.open(uri, mended);
    assert.ok(!again.some((each) => each.code === code), JSON.stringify(again));

    const tokenizer = loadTokenizer(bases[base]);
    const dataset = await openDataset(path, {
      tokenizer,
      length: LENGTH,
      lossOn: 'answer',
      onBadRow: 'error',
      heldOut: 0,
      fimRate: 0,
    });
    let examples = 0;
    for await (const example of dataset.train(0, 0)) examples += example.ids.length > 0 ? 1 : 0;
    dataset.close();
    assert.ok(examples > 0);
    await client.connection.sendNotification('textDocument/didClose', { textDocument: { uri } });
  });
});

test('every diagnostic has a case', () => {
  const seen = new Set(CASES.map(({ code }) => code));
  assert.deepEqual(
    Object.keys(SEVERITIES).filter((code) => !seen.has(code)),
    ['columns-setting'], // in files.test.ts, because it needs another setting
  );
});

test('a dataset without problems has no diagnostics, in every format', async () => {
  const files: [name: string, text: string][] = [
    ['chat.jsonl', `${GOOD}\n\n${talk(['system', 's'], ['user', 'a'], ['assistant', 'b'])}\n`],
    ['sharegpt.jsonl', '{"system":"s","conversations":[{"from":"human","value":"a"},{"from":"gpt","value":"b"}]}\n'],
    ['instruction.jsonl', '{"instruction":"a","input":"","output":"b"}\n'],
    ['lists.jsonl', '{"prompt":[{"role":"user","content":"a"}],"completion":[{"role":"assistant","content":"b"}]}\n'],
    ['text.txt', 'a line\nand one more\n\na paragraph\n'],
    ['code.jsonl', '{"content":"x = 1","path":"x.py"}'],
    ['multi.csv', 'prompt,completion\r\n"a\nb ""c""",d\r\ne,"f, g"\r\n'],
  ];
  const client = clients.get('chatml')!;
  for (const [name, text] of files) {
    const uri = `file:///nowhere/${name}`;
    assert.deepEqual(await client.open(uri, text, 'plaintext'), [], name);
  }
  assert.deepEqual(
    (await client.lenses('file:///nowhere/multi.csv'))[1]!.command!.title,
    '2 rows \u00b7 prompt and completion',
  );
  assert.deepEqual((await client.lenses('file:///nowhere/text.txt'))[1]!.command!.title, '2 rows \u00b7 plain text');
});

test('a row converted to any format is accepted by training and says the same', async () => {
  const client = clients.get('chatml')!;
  const uri = 'file:///nowhere/convert.jsonl';
  const text = `${talk(['system', 's'], ['user', 'the fox'], ['assistant', 'jumps'])}\n`;
  await client.open(uri, text);
  const actions = await client.actions(uri, atLine(0), ['refactor']);
  const titles = actions.filter(({ edit }) => edit).map(({ title }) => title);
  assert.deepEqual(
    titles,
    ['ShareGPT conversations', 'prompt and completion', 'instruction, input, output'].map(
      (name) => `Convert this row to ${name}`,
    ),
  );
  const rendered = JSON.stringify((await client.hover(uri, atLine(0, 3).start))!.contents).replace(/.*```text/, '');
  for (const { title, edit, data } of actions) {
    const changes = edit ?? (await client.resolve({ title, data })).edit;
    const converted = edited(text, changes!.changes![uri]!);
    const other = `file:///nowhere/converted-${title.length}.jsonl`;
    assert.deepEqual(await client.open(other, converted), [], title);
    const now = JSON.stringify((await client.hover(other, atLine(0, 3).start))!.contents).replace(/.*```text/, '');
    assert.equal(now, rendered, title);
  }
});
