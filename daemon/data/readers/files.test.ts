/** Dataset files as people have them: JSON in every layout, delimiters, encodings, compressed files; and what is refused by name. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { commandFor } from '../../cli/remedies.ts';
import { VeraError } from '../../protocol/errors.ts';
import { temporaryFolder } from '../../../test/temporary.ts';
import { openRows, type RowOptions } from '../dataset.ts';
import type { Row } from '../row.ts';

const folder = temporaryFolder();
const options: RowOptions = { onBadRow: 'error', heldOut: 0 };
const ROWS = [
  { prompt: 'What?', completion: 'This, and "that"' },
  { prompt: 'Größe?', completion: 'zwei\nZeilen {[' },
  { prompt: 'third', completion: '日本 \\' },
];

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

interface Read {
  name: string;
  note: string;
  rows: Row[];
  lines: (number | undefined)[];
  heldOut: number;
}

async function read(path: string, more: Partial<RowOptions> = {}): Promise<Read> {
  const { reader, heldOut } = await openRows(path, { ...options, ...more });
  const all = Array.from({ length: reader.count }, (_, i) => i);
  const rows = all.map((i) => reader.read(i));
  const lines = all.map((i) => reader.source(i).line);
  const { name, note = '' } = reader;
  reader.close();
  return { name, note, rows, lines, heldOut: heldOut.length };
}

const refusal = async (path: string, more: Partial<RowOptions> = {}): Promise<VeraError> =>
  read(path, more).then(
    () => assert.fail(`${path} was read`),
    (error: unknown) => {
      assert.ok(error instanceof VeraError, String(error));
      return error;
    },
  );

const pretty = JSON.stringify(ROWS, null, 2);
const lines = ROWS.map((row) => JSON.stringify(row)).join('\n');
const columns = { prompt: ROWS.map((row) => row.prompt), completion: ROWS.map((row) => row.completion) };
const keyed = (values: string[]) => Object.fromEntries(values.map((value, i) => [String(i), value]));

test('JSON in every layout gives the same rows, whatever the file is called', async () => {
  const layouts: [name: string, text: string, as: string][] = [
    ['list.json', pretty, 'JSON array'],
    ['list.JSON', `\uFEFF\r\n${pretty}`, 'JSON array'],
    ['list.jsonl', JSON.stringify(ROWS), 'JSON array'],
    ['list.txt', pretty, 'JSON array'],
    ['list', pretty, 'JSON array'],
    ['comma.json', pretty.replace(/\n\]$/, ',\n]'), 'JSON array'],
    ['lines.txt', lines, 'JSONL'],
    ['lines.json', lines, 'JSONL'],
    ['wrapped.json', JSON.stringify({ version: '1', tags: ['a'], data: ROWS }, null, 1), 'JSON array in "data"'],
    ['wrapped.jsonl', JSON.stringify({ anything: ROWS }), 'JSON array in "anything"'],
    ['two.json', JSON.stringify({ data: [{ id: 1 }], pairs: ROWS }), 'JSON array in "pairs"'],
    ['hub.json', JSON.stringify({ features: [{ name: 'prompt' }], rows: ROWS.map((row, row_idx) => ({ row_idx, row })) }), 'JSON array in "rows"'],
    ['named.json', JSON.stringify({ a: ROWS[0], b: ROWS[1], c: ROWS[2] }), 'JSON object of rows'],
    ['columns.json', JSON.stringify(columns), 'JSON columns'],
    ['pandas.json', JSON.stringify({ prompt: keyed(columns.prompt), completion: keyed(columns.completion) }), 'JSON columns'],
    ['split.json', JSON.stringify({ columns: ['prompt', 'completion'], index: [0, 1, 2], data: ROWS.map((row) => [row.prompt, row.completion]) }), 'JSON columns'],
  ]; // prettier-ignore
  for (const [name, text, as] of layouts) {
    const found = await read(file(name, text));
    assert.deepEqual(found.rows, ROWS, name);
    assert.equal(found.name, as, name);
  }
  assert.deepEqual((await read(join(folder, 'list.json'))).lines, [2, 6, 10]);
  assert.deepEqual((await read(join(folder, 'list.json'), { maxExamples: 2 })).rows, ROWS.slice(0, 2));
});

test('an object that is a row itself is one row, also over several lines', async () => {
  const chat = { messages: [{ role: 'user', content: 'a' }, { role: 'assistant', content: 'b' }] }; // prettier-ignore
  for (const row of [
    ROWS[0]!,
    chat,
    {
      conversations: [
        { from: 'human', value: 'a' },
        { from: 'gpt', value: 'b' },
      ],
    },
  ])
    assert.deepEqual((await read(file('one.json', JSON.stringify(row, null, 2)))).rows, [row]);
  const wrapped = { conversations: [chat, chat] };
  assert.deepEqual((await read(file('chats.json', JSON.stringify(wrapped)))).rows, [chat, chat]);
});

test('questions about paragraphs become rows, and the splits of an object are kept apart', async () => {
  const qas = [
    { question: 'Who?', answers: [{ text: 'Me', answer_start: 0 }] },
    { question: 'None?', answers: [] },
  ];
  const squad = { version: 'v2', data: [{ title: 't', paragraphs: [{ context: 'It was me.', qas }] }] };
  assert.deepEqual((await read(file('squad.json', JSON.stringify(squad)))).rows, [
    { instruction: 'Who?', input: 'It was me.', output: 'Me' },
  ]);
  const splits = await read(
    file('splits.json', JSON.stringify({ train: ROWS.slice(0, 2), validation: ROWS.slice(2) })),
    {
      heldOut: 0.01,
    },
  );
  assert.deepEqual([splits.rows.length, splits.heldOut], [3, 1]);
});

test('JSON that is wrong is refused with its line, and an object over several lines with what to do', async () => {
  const cases: [text: string, message: RegExp][] = [
    [ROWS.map((row) => JSON.stringify(row, null, 2)).join('\n'), /line 1: this object ends on line 4.*must stand on one line/],
    [pretty.slice(0, -30), /line \d+: not valid JSON: .*may be cut off/],
    ['[\n{"prompt":"a","completion":"b"}\n{"prompt":"a","completion":"b"}]', /line 3: not valid JSON: a comma is missing/],
    ['[\n{"prompt":"a","completion":"b"},\n{"prompt":"a","completion":oops}]', /line 3: not valid JSON: Unexpected token/],
    ['[1, 2]', /line 1: a row must be a JSON object, but this one is a number/],
    ['{\n"data": [\n{"prompt": "a",}\n]}', /line 3: not valid JSON/],
    ['[]', /is empty/],
    [`${lines}\n{"prompt": "a",\n"completion": "b"}`, /line 4: not valid JSON: .*/],
  ]; // prettier-ignore
  for (const [text, message] of cases) assert.match((await refusal(file('wrong.jsonl', text))).message, message, text);
});

test('every delimiter is detected, with sep= and quotes; a column without a name is left out', async () => {
  const cell = (text: string) => (/[,;\t|"\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  for (const [name, by, as] of [
    ['a.csv', ',', 'CSV'],
    ['b.csv', ';', 'CSV with semicolons'],
    ['c.csv', '\t', 'CSV with tabs'],
    ['d.csv', '|', 'CSV with bars'],
    ['e.tsv', '\t', 'TSV'],
    ['f.tsv', ';', 'TSV with semicolons'],
  ] as const) {
    const table = [['', 'prompt', 'completion'], ...ROWS.map((row, i) => [String(i), row.prompt, row.completion])];
    const text = table.map((cells) => cells.map(cell).join(by)).join('\r\n');
    const found = await read(file(name, `\uFEFF${text}\r\n\r\n`));
    assert.deepEqual(found.rows, ROWS, name);
    assert.equal(found.name, as, name);
  }
  const said = await read(file('sep.csv', 'sep=;\r\nprompt;completion\r\na, b, c;d\r\n'));
  assert.deepEqual([said.rows, said.lines], [[{ prompt: 'a, b, c', completion: 'd' }], [3]]);
  const spaces = await read(file('spaces.csv', ' prompt , completion ;;\n'.replace(' , ', ' ; ') + 'a;b;;\n'));
  assert.deepEqual(spaces.rows, [{ prompt: 'a', completion: 'b' }]);
});

test('UTF-16 is read; another encoding is named, proposed and read when it is chosen', async () => {
  for (const [name, text] of [['wide.csv', 'prompt;completion\nWie?;Größe\n'], ['wide.jsonl', '{"prompt":"Wie?","completion":"Größe"}']] as const) {
    const little = Buffer.from(`\uFEFF${text}`, 'utf16le');
    for (const bytes of [little, Buffer.from(little).swap16(), Buffer.from(text, 'utf16le')]) {
      const found = await read(file(name, bytes));
      assert.deepEqual(found.rows, [{ prompt: 'Wie?', completion: 'Größe' }]);
      assert.match(found.note, /read as UTF-16/);
    }
  } // prettier-ignore
  const latin = file('latin.csv', Buffer.from('prompt;completion\nWie heißt er?;Jürgen \x80\n', 'latin1'));
  const error = await refusal(latin);
  assert.match(error.message, /latin\.csv, line 2: not UTF-8 \(byte 0xdf at position 7\); choose the Text encoding/);
  assert.deepEqual(error.settings, ['encoding']);
  assert.equal(commandFor(error.remedy!), '--encoding windows-1252');
  const chosen = await read(latin, { encoding: 'windows-1252' });
  assert.deepEqual(chosen.rows, [{ prompt: 'Wie heißt er?', completion: 'Jürgen €' }]);
  assert.match(chosen.note, /read as Western European/);
  // Words of such bytes are another script, which cannot be told from the others.
  const chinese = file(
    'gbk.csv',
    Buffer.from('prompt,completion\n\xc4\xe3\xba\xc3\xc2\xf0,\xce\xd2\xba\xdc\xba\xc3\n', 'latin1'),
  );
  assert.equal((await refusal(chinese)).remedy, undefined);
  assert.deepEqual((await read(chinese, { encoding: 'gb18030' })).rows, [{ prompt: '你好吗', completion: '我很好' }]);
});

test('gzip and zstd are unpacked whatever the file is called, and a bomb is stopped', async () => {
  for (const [name, bytes] of [
    ['x.jsonl.gz', gzipSync(lines)],
    ['x.jsonl.zst', zstdCompressSync(lines)],
    ['packed.jsonl', gzipSync(lines)],
    ['parts.json.gz', Buffer.concat([gzipSync(`${lines}\n`), gzipSync('')])],
    ['x.csv.gz', gzipSync(`prompt;completion\n${ROWS.map((row) => `"${row.prompt}";"${row.completion.replaceAll('"', '""')}"`).join('\n')}`)],
  ] as const) {
    const found = await read(file(name, bytes));
    assert.deepEqual(found.rows, ROWS, name);
    assert.match(found.note, /unpacked from (gzip|zstd)/);
  } // prettier-ignore
  assert.match(
    (await refusal(file('cut.json.gz', gzipSync(pretty).subarray(0, 40)))).message,
    /is damaged gzip: .*again/,
  );
  const bomb = gzipSync(Buffer.alloc(540 * 1024 * 1024, 0x20), { level: 1 });
  assert.match((await refusal(file('bomb.jsonl.gz', bomb))).message, /unpacks to more than 100 times its size/);
});

test('what is no dataset but taken for one is refused with the step that helps', async () => {
  for (const [name, start, message] of [
    ['sheet.xlsx', 'PK\x03\x04', /is a spreadsheet; save the sheet as CSV/],
    ['data.zip', 'PK\x03\x04', /is a ZIP archive; unpack it/],
    ['data.jsonl.bz2', 'BZh9', /bunzip2/],
    ['data.jsonl.xz', '\xfd7zXZ\0', /unxz/],
    ['data-00000-of-00001.arrow', '\xff\xff\xff\xff\x10\0\0\0', /is an Arrow file; write the dataset as Parquet/],
    ['data.feather', 'ARROW1\0\0', /is an Arrow file/],
    ['data.pkl', '\x80\x04\x95', /is a Python pickle.*JSON Lines/],
  ] as const)
    assert.match((await refusal(file(name, Buffer.from(start, 'latin1')))).message, message);
});

test('Parquet: what the file format filled in is left out, and nothing is an object in words', async () => {
  const call = (args: object) => [{ role: 'assistant', content: null, tool_calls: [{ name: 'f', arguments: args }] }];
  const messages = [call({ city: 'Oslo', a: null, content: null }), call({ city: null, a: 2n, content: null })];
  const bytes = parquetWriteBuffer({
    columnData: [
      { name: 'messages', data: messages, type: 'JSON' },
      { name: 'when', data: [new Date(0), new Date(1)], type: 'TIMESTAMP' },
      { name: 'system', data: [null, 'x'], type: 'STRING', nullable: true },
    ],
  });
  // Recognised by its content.
  const { rows } = await read(file('nested.jsonl', new Uint8Array(bytes)), { format: 'chat' });
  assert.deepEqual(rows, [
    { messages: [{ role: 'assistant', content: null, tool_calls: [{ name: 'f', arguments: { city: 'Oslo' } }] }], when: '1970-01-01T00:00:00.000Z', system: null },
    { messages: [{ role: 'assistant', content: null, tool_calls: [{ name: 'f', arguments: { a: 2 } }] }], when: '1970-01-01T00:00:00.001Z', system: 'x' },
  ]); // prettier-ignore
});
