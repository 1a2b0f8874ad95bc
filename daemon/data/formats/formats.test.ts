import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { BadRow, type Row } from '../row.ts';
import type { Part, Sample } from './format.ts';
import { formatOf, rowFormats } from './registry.ts';

function read(row: Row) {
  const format = rowFormats.find((candidate) => candidate.matches(row));
  assert.ok(format, `no format for ${JSON.stringify(row)}`);
  return { id: format.name, sample: format.read(row) };
}

const user = { role: 'user', content: 'q' };
const assistant = { role: 'assistant', content: 'a' };

test('each format is recognised by its columns', () => {
  const rows: [string, Row][] = [
    ['chat', { messages: [user, assistant] }],
    ['chat', { messages: JSON.stringify([user, assistant]) }],
    ['chat', { conversations: [user, assistant], text: 'other' }],
    ['sharegpt', { conversations: [{ from: 'human', value: 'q' }] }],
    ['pair', { prompt: 'q', completion: 'a' }],
    ['pair', { prompt: '[1, 2]', completion: '[3]' }],
    ['instruction', { instruction: 'q', input: '', output: 'a' }],
    ['instruction', { instruction: 'q', context: 'c', response: 'a' }],
    ['text', { text: 'x', meta: 1 }],
    ['code', { content: 'x', path: 'a.py' }],
  ];
  for (const [id, row] of rows) assert.equal(read(row).id, id, JSON.stringify(row));
});

test('the example of each format is of that format, and writing what was read gives it back', () => {
  for (const format of rowFormats) {
    assert.equal(formatOf(format.example), format, format.name);
    const sample = format.read(format.example);
    const columns = new Set(format.fields.map(({ name }) => name));
    const written = format.write(sample);
    // Nothing but a row of preferences says which answer was rejected.
    if (format.name === 'preference') continue;
    assert.ok(written, format.name);
    assert.deepEqual(format.read({ ...format.example, ...written }), sample, format.name);
    for (const name of [...Object.keys(format.example), ...Object.keys(written)]) assert.ok(columns.has(name), name);
    for (const { name, needed } of format.fields) assert.ok(!needed || name in format.example, name);
  }
});

test('a conversation becomes each format that can say it, and stays the same conversation', () => {
  const messages = [{ role: 'system', content: 's' }, user, assistant];
  const tools = [{ name: 'f' }];
  const written = (sample: Sample) =>
    Object.fromEntries(
      rowFormats.flatMap((format) => (format.write(sample) ? [[format.name, format.write(sample)]] : [])),
    );
  for (const name of ['chat', 'sharegpt', 'pair', 'instruction'])
    assert.ok(written({ kind: 'chat', messages })[name], name);
  for (const row of Object.values(written({ kind: 'chat', messages })) as Row[]) {
    const { sample } = read(row);
    assert.ok(sample.kind === 'chat' || sample.kind === 'pair');
    assert.deepEqual(sample.messages, messages);
  }
  const withTools = written({ kind: 'chat', messages, tools });
  for (const name of ['pair', 'instruction']) assert.equal(withTools[name], undefined, name);
  assert.ok(withTools['chat'] && withTools['sharegpt']);
  for (const row of Object.values(withTools) as Row[]) assert.deepEqual(row['tools'], tools);
  for (const name of ['text', 'code']) assert.ok(written({ kind: 'text', text: 't' })[name], name);
});

test('the place of a part is the field it was read from', () => {
  const at = (row: Row, part: Part): unknown => {
    const format = formatOf(row)!;
    let value: unknown = row;
    for (const step of format.place(row, format.read(row), part))
      value = (value as Record<string | number, unknown>)[step];
    return value;
  };
  const answer = { message: 1, field: 'content' } as const;
  assert.equal(at({ messages: [user, assistant] }, answer), 'a');
  assert.equal(at({ conversations: [user, assistant] }, answer), 'a');
  const turns = [
    { from: 'human', value: 'q' },
    { from: 'gpt', value: 'a' },
  ];
  assert.equal(at({ conversations: turns }, answer), 'a');
  assert.equal(at({ conversations: turns, system: 's' }, { ...answer, message: 2 }), 'a');
  assert.equal(at({ conversations: turns, system: 's' }, { message: 0 }), 's');
  assert.equal(at({ conversations: turns }, { message: 0, field: 'role' }), 'human');
  assert.equal(at({ prompt: [user], completion: [assistant] }, answer), 'a');
  assert.equal(at({ prompt: [user], completion: [assistant] }, { message: 0, field: 'role' }), 'user');
  assert.equal(at({ prompt: 'q', completion: 'a' }, 'question'), 'q');
  assert.equal(at({ prompt: 'q', completion: 'a' }, 'answer'), 'a');
  assert.equal(at({ instruction: 'q', response: 'a' }, 'answer'), 'a');
  assert.equal(at({ instruction: 'q', output: 'a' }, 'question'), 'q');
  assert.equal(at({ text: 't' }, 'text'), 't');
  assert.equal(at({ content: 'c' }, 'text'), 'c');
});

test('every file here is in the registry', () => {
  const files = readdirSync(import.meta.dirname).filter((name) => !/test|format\.ts|fields|registry/.test(name));
  assert.deepEqual(files.map((name) => name.replace('.ts', '')).sort(), rowFormats.map(({ name }) => name).sort());
});

test('chat: parts of text are joined, arguments of tool calls become objects, tools are kept', () => {
  const call = { id: '1', type: 'function', function: { name: 'f', arguments: '{"x": 1}' } };
  const { sample } = read({
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: '1', content: 'r' },
    ],
    tools: [{ name: 'f' }],
  });
  assert.deepEqual(sample, {
    kind: 'chat',
    messages: [
      { role: 'user', content: 'ab' },
      { role: 'assistant', content: null, tool_calls: [{ ...call, function: { name: 'f', arguments: { x: 1 } } }] },
      { role: 'tool', content: 'r', tool_call_id: '1' },
    ],
    tools: [{ name: 'f' }],
  });
});

test('ShareGPT: names become roles, a system column comes first', () => {
  const turns = [
    { from: 'human', value: 'q' },
    { from: 'gpt', value: 'a' },
  ];
  const { sample } = read({ conversations: turns, system: 's' });
  const expected = [{ role: 'system', content: 's' }, user, assistant];
  assert.deepEqual(sample, { kind: 'chat', messages: expected, origins: [-1, 0, 1] });
});

test('pairs and instructions', () => {
  assert.deepEqual(read({ prompt: 'q', completion: 'a' }).sample, {
    kind: 'pair',
    prompt: 'q',
    completion: 'a',
    messages: [user, assistant],
  });
  assert.deepEqual(read({ prompt: [user], completion: [assistant] }).sample, {
    kind: 'chat',
    messages: [user, assistant],
    from: 1,
  });
  const { sample } = read({ instruction: 'do', input: 'this', output: 'a' });
  assert.ok(sample.kind === 'pair' && sample.prompt === 'do\n\nthis\n\n' && sample.completion === 'a');
  assert.deepEqual(sample.messages[0], { role: 'user', content: 'do\n\nthis' });
});

test('errors name the missing or mistyped field and say what it should be', () => {
  const faults: [Row, RegExp][] = [
    [{ messages: [] }, /"messages" is empty/],
    [{ messages: ['hi'] }, /messages\[0\] must be an object with role and content, found a string/],
    [{ messages: [{ content: 'x' }] }, /messages\[0\]\.role must be a string, found nothing/],
    [{ messages: [user, { role: 'robot', content: 'x' }] }, /messages\[1\]\.role is "robot"; known roles are/],
    [{ messages: [{ role: 'user', content: 5 }] }, /messages\[0\]\.content must be a string, found a number/],
    [{ messages: [{ role: 'user', content: [{ image: 1 }] }] }, /a part that is not text/],
    [{ messages: [{ role: 'assistant', content: '', tool_calls: [3] }] }, /a tool call must be an object/],
    [{ messages: [user], tools: 'x' }, /"tools" must be a list, found a string/],
    [{ messages: '[{"role":' }, /not valid JSON/],
    [{ conversations: [{ from: '__proto__', value: 'x' }] }, /conversations\[0\]\.from is "__proto__"/],
    [{ conversations: [{ from: 'human' }] }, /conversations\[0\]\.value must be a string, found nothing/],
    [{ prompt: 'q', completion: null }, /"completion" must be a string, found null/],
    [{ instruction: ['q'], output: 'a' }, /"instruction" must be a string, found a list/],
    [{ text: 1 }, /"text" must be a string, found a number/],
    [{ content: {} }, /"content" must be a string, found an object/],
  ];
  for (const [row, message] of faults) {
    assert.throws(
      () => read(row),
      (error) => error instanceof BadRow && message.test(error.message),
      JSON.stringify(row),
    );
  }
});
