import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSample } from '../detect.ts';
import { formatOf } from '../formats/registry.ts';
import { BadRow, LeftOut, type Row } from '../row.ts';
import { unusedFields, unusedText } from './unused.ts';

const read = (row: Row) => readSample(formatOf(row)!, row);
const chat = (row: Row) => {
  const sample = read(row);
  assert.ok(sample.kind === 'chat', JSON.stringify(sample));
  return sample;
};
const messages = (row: Row) => {
  const sample = read(row);
  assert.ok(sample.kind === 'chat' || sample.kind === 'pair');
  return sample.messages;
};
const user = { role: 'user', content: 'q' };
const assistant = { role: 'assistant', content: 'a' };
const weather = { type: 'function', function: { name: 'weather', arguments: { city: 'Oslo' } } };

test('turns that a tool marks as not to be learned are known by their index', () => {
  const marks: Row[] = [
    { weight: 0 },
    { weight: '0' },
    { loss_weight: 0.0 },
    { loss_scale: 0 },
    { loss: false },
    { train: false },
    { training: false },
    { trainable: 'false' },
    { train_on_turn: false },
    { loss_mask: 0 },
    { masked: true },
    { mask: 'yes' },
    { ignore: 1 },
  ];
  for (const mark of marks) {
    const row = { messages: [user, { ...assistant, ...mark }, user, assistant] };
    assert.deepEqual(chat(row).unlearned, [1], JSON.stringify(mark));
    const turns = [
      { from: 'human', value: 'q' },
      { from: 'gpt', value: 'a', ...mark },
      { from: 'human', value: 'r' },
      { from: 'gpt', value: 'b' },
    ];
    assert.deepEqual(chat({ system: 's', conversations: turns }).unlearned, [2], JSON.stringify(mark));
  }
  for (const mark of [{ weight: 1 }, { loss_weight: 1.0 }, { training: true }, { masked: false }, { weight: null }])
    assert.equal(chat({ messages: [user, { ...assistant, ...mark }] }).unlearned, undefined, JSON.stringify(mark));
  // A mark on a turn of the user changes nothing: it is not learned anyway.
  assert.equal(chat({ messages: [{ ...user, weight: 0 }, assistant] }).unlearned, undefined);
});

test('marks that cannot be obeyed are refused by name', () => {
  for (const mark of [
    { weight: 0.5 },
    { loss_scale: 2 },
    { weight: 'low' },
    { train_detail: [{ begin_offset: 0, end_offset: 1, train: false }] },
  ]) {
    const [name] = Object.keys(mark);
    assert.throws(
      () => read({ messages: [user, { ...assistant, ...mark }] }),
      (error) => error instanceof BadRow && !(error instanceof LeftOut) && error.message.includes(`"${name}"`),
      name,
    );
  }
  assert.throws(
    () => read({ prompt: 'q', completion: 'a', weight: 0.5 }),
    /"weight" says what is to be learned: it is 0.5/,
  );
});

test('a row that the data mark as not to be learned is left out, with its reason', () => {
  const pair = { prompt: 'q', completion: 'a' };
  const out: [Row, RegExp][] = [
    [{ ...pair, label: false }, /"label" is false/],
    [{ ...pair, label: 'False' }, /"label" is false/],
    [{ ...pair, label: 0 }, /"label" is 0/],
    [{ instruction: 'q', output: 'a', kto_tag: false }, /"kto_tag" is false/],
    [{ messages: [user, assistant], label: false }, /"label" is false/],
    [{ ...pair, chosen: false }, /"chosen" is false/],
    [{ ...pair, weight: 0 }, /"weight" is 0/],
    [{ ...pair, train: false }, /"train" is false/],
    [{ ...pair, masked: true }, /"masked" is true/],
    [{ ...pair, status: 'discarded' }, /"status" is "discarded"/],
    [{ text: 't', answer: 'reject' }, /"answer" is "reject"/],
    [{ text: 't', label: false }, /"label" is false/],
    [{ messages: [user, { ...assistant, weight: 0 }] }, /all answers of the row are marked/],
  ];
  for (const [row, reason] of out) {
    assert.throws(
      () => read(row),
      (error) => error instanceof LeftOut && reason.test(error.reason),
      JSON.stringify(row),
    );
  }
  const kept: Row[] = [
    { ...pair, label: true },
    { ...pair, label: 1 },
    { ...pair, label: 'animals' },
    { text: 't', label: 0 },
    { text: 't', weight: 70, loss: 2.3 },
    { ...pair, weight: 1 },
    { ...pair, answer: 'x', deleted: false },
  ];
  for (const row of kept) assert.ok(read(row), JSON.stringify(row));
});

test('function calls of ShareGPT, of ms-swift and of the old OpenAI API become tool calls', () => {
  const call = '{"name": "weather", "arguments": {"city": "Oslo"}}';
  const expected = [
    user,
    { role: 'assistant', content: null, tool_calls: [weather] },
    { role: 'tool', content: '7' },
    assistant,
  ];
  const turn = (from: string, value: string) => ({ from, value });
  assert.deepEqual(
    messages({
      conversations: [turn('human', 'q'), turn('function_call', call), turn('observation', '7'), turn('gpt', 'a')],
    }),
    expected,
  );
  const message = (role: string, content: string) => ({ role, content });
  assert.deepEqual(
    messages({ messages: [user, message('tool_call', call), message('tool_response', '7'), assistant] }),
    expected,
  );
  const legacy = { function_call: { name: 'weather', arguments: '{"city": "Oslo"}' } };
  for (const content of [{ content: null }, {}]) {
    assert.deepEqual(
      messages({
        messages: [
          user,
          { role: 'assistant', ...content, ...legacy },
          { role: 'function', name: 'weather', content: '7' },
          assistant,
        ],
      }),
      [...expected.slice(0, 2), { ...expected[2], name: 'weather' }, assistant],
    );
  }
  // Several calls of one turn, as a list or one after the other.
  const both = [user, { role: 'assistant', content: null, tool_calls: [weather, weather] }];
  assert.deepEqual(
    messages({ conversations: [turn('human', 'q'), turn('function_call', `[${call}, ${call}]`)] }),
    both,
  );
  assert.deepEqual(
    messages({ conversations: [turn('human', 'q'), turn('function_call', call), turn('function_call', call)] }),
    both,
  );
  assert.throws(
    () => read({ conversations: [turn('human', 'q'), turn('function_call', 'weather in Oslo')] }),
    /conversations\[1\]\.value is a function call, and must be JSON with a name and arguments/,
  );
});

test('functions and tools are declared in many ways', () => {
  const declared = { name: 'weather', parameters: { type: 'object' } };
  const tool = { type: 'function', function: declared };
  const row = { messages: [user, assistant] };
  const ways: Row[] = [
    { tools: [tool] },
    { tools: JSON.stringify([tool]) },
    { tools: [JSON.stringify(tool)] },
    { functions: [declared] },
    { functions: JSON.stringify([declared]) },
    { tools: [{ functionDeclarations: [declared] }] },
    { tools: [{ name: 'weather', input_schema: { type: 'object' } }] },
    { toolConfig: { tools: [{ toolSpec: { name: 'weather', inputSchema: { json: { type: 'object' } } } }] } },
  ];
  for (const way of ways) assert.deepEqual(chat({ ...row, ...way }).tools, [tool], JSON.stringify(way));
  for (const none of [{ tools: '[]' }, { tools: [] }, { tools: '' }, { tools: null }])
    assert.equal(chat({ ...row, ...none }).tools, undefined);
});

test('content parts of Anthropic, Bedrock, Gemini, Mistral and LLaMA-Factory', () => {
  const call = { ...weather, id: 'c1' };
  const result = { role: 'tool', content: '7', tool_call_id: 'c1' };
  assert.deepEqual(
    messages({
      system: 's',
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'q' }] },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm' },
            { type: 'tool_use', id: 'c1', name: 'weather', input: { city: 'Oslo' } },
          ],
        },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1', content: '7' }] },
        { role: 'assistant', content: [{ type: 'text', text: 'a' }] },
      ],
    }),
    [
      { role: 'system', content: 's' },
      user,
      { role: 'assistant', content: null, reasoning_content: 'hm', tool_calls: [call] },
      result,
      assistant,
    ],
  );
  assert.deepEqual(
    messages({
      schemaVersion: 'bedrock-conversation-2024',
      system: [{ text: 's' }],
      messages: [
        { role: 'user', content: [{ text: 'q' }] },
        { role: 'assistant', content: [{ toolUse: { toolUseId: 'c1', name: 'weather', input: { city: 'Oslo' } } }] },
        { role: 'user', content: [{ toolResult: { toolUseId: 'c1', content: [{ text: '7' }] } }] },
        { role: 'assistant', content: [{ text: 'a' }] },
      ],
    }),
    [
      { role: 'system', content: 's' },
      user,
      { role: 'assistant', content: null, tool_calls: [call] },
      result,
      assistant,
    ],
  );
  assert.deepEqual(
    messages({
      systemInstruction: { role: 'system', parts: [{ text: 's' }] },
      contents: [
        { role: 'user', parts: [{ text: 'q' }] },
        { role: 'model', parts: [{ functionCall: { name: 'weather', args: { city: 'Oslo' } } }] },
        { role: 'user', parts: [{ functionResponse: { name: 'weather', response: { degrees: 7 } } }] },
        { role: 'model', parts: [{ text: 'a' }] },
      ],
    }),
    [
      { role: 'system', content: 's' },
      user,
      { role: 'assistant', content: null, tool_calls: [weather] },
      { role: 'tool', content: '{"degrees":7}', name: 'weather' },
      assistant,
    ],
  );
  const value = (type: string, text: string) => ({ type, value: text });
  assert.deepEqual(
    messages({
      messages: [
        { role: 'user', content: [value('text', 'q')] },
        { role: 'assistant', content: [value('reasoning', 'hm'), value('text', 'a')] },
      ],
    }),
    [user, { ...assistant, reasoning_content: 'hm' }],
  );
});

test('what stands beside the messages is used: system columns, and history in pairs or messages', () => {
  const system = { role: 'system', content: 's' };
  assert.deepEqual(messages({ system: 's', messages: [user, assistant] }), [system, user, assistant]);
  assert.deepEqual(messages({ system: 's', messages: [system, user, assistant] }), [system, user, assistant]);
  assert.throws(
    () => read({ system: 'other', messages: [system, user, assistant] }),
    /a system column and a system message that says something else/,
  );
  assert.deepEqual(messages({ system: 's', prompt: 'q', completion: 'a' }), [system, user, assistant]);
  assert.deepEqual(messages({ instruction: 'q', output: 'a', history: [['q', 'a']] }), [
    user,
    assistant,
    user,
    assistant,
  ]);
  assert.deepEqual(messages({ instruction: 'q', output: 'a', history: [user, assistant], system: 's' }), [
    system,
    user,
    assistant,
    user,
    assistant,
  ]);
  assert.throws(() => read({ instruction: 'q', output: 'a', history: ['q'] }), /"history" must be a list of pairs/);
  const sample = read({ instruction: 'q', output: 'a', system: 's', history: [['x', 'y']] });
  assert.ok(sample.kind === 'pair');
  assert.equal(sample.prompt, 's\n\nx\n\ny\n\nq\n\n');
});

test('fields that are not used are named, harmless ones and copies are not', () => {
  const unused = (row: Row) => unusedFields(formatOf(row)!, row);
  assert.deepEqual(
    unused({ id: 1, prompt_id: 'x', source: 's', prompt: 'q', messages: [{ ...user, content: 'q' }, assistant] }),
    [],
  );
  assert.deepEqual(unused({ text: 't', label: 1, images: ['x.png'], empty: null, none: [] }), ['label', 'images']);
  assert.deepEqual(unused({ prompt: 'q', completion: 'a', label: true, weight: 1 }), []);
  assert.deepEqual(
    unused({
      messages: [
        { ...user, mood: 'good', id: 3 },
        { ...assistant, weight: 0 },
      ],
    }),
    ['messages[].mood'],
  );
  assert.equal(unusedText([]), undefined);
  assert.equal(unusedText(['a']), 'the field "a" is not used');
  assert.equal(unusedText(['a', 'b', 'c']), 'the fields "a", "b" and "c" are not used');
});
