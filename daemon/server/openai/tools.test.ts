// Slow: starts a process that loads the bundled model.
/** Tools, as the official client uses them. The bundled model's template knows them; it is too small to call one unasked. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI, { BadRequestError } from 'openai';
import { store } from '../../../test/served.ts';
import { type Serving, serving } from '../../../test/serving.ts';
import { temporaryFolder } from '../../../test/temporary.ts';
import { callsIn } from './tools.ts';

let one: Serving;
let client: OpenAI;
before(async () => {
  one = await serving(temporaryFolder());
  client = new OpenAI({ baseURL: `http://127.0.0.1:${one.port}/v1`, apiKey: one.token, maxRetries: 0 });
  await store(one.catalog, 'notes', 1);
});
after(() => one.close());

const weather = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    description: 'The weather of a place',
    parameters: {
      type: 'object',
      properties: { place: { type: 'string', maxLength: 10 }, days: { type: 'integer', minimum: 1, maximum: 7 } },
      required: ['place', 'days'],
    },
  },
};
const clock = { type: 'function' as const, function: { name: 'clock' } };
const messages = [{ role: 'user' as const, content: 'How is the weather in Oslo?' }];
const request = {
  model: 'notes',
  messages,
  tools: [weather, clock],
  max_completion_tokens: 200,
  temperature: 1,
  seed: 3,
};

test('a named tool is called, with arguments that fit its schema, streamed or whole', async () => {
  const tool_choice = { type: 'function' as const, function: { name: 'get_weather' } };
  const { choices, usage } = await client.chat.completions.create({ ...request, tool_choice });
  const [{ message, finish_reason: reason }] = choices as [OpenAI.ChatCompletion.Choice];
  assert.deepEqual([reason, message.content, message.tool_calls!.length], ['tool_calls', null, 1]);
  const [call] = message.tool_calls as [OpenAI.ChatCompletionMessageFunctionToolCall];
  assert.equal(call.function.name, 'get_weather');
  const { place, days } = JSON.parse(call.function.arguments) as { place: string; days: number };
  assert.ok(typeof place === 'string' && place.length <= 10 && days >= 1 && days <= 7);
  const stream = client.chat.completions.stream({ ...request, tool_choice });
  const final = (await stream.finalChatCompletion()).choices[0]!;
  assert.equal(final.finish_reason, 'tool_calls');
  const [streamed] = final.message.tool_calls as [OpenAI.ChatCompletionMessageFunctionToolCall];
  assert.deepEqual(streamed.function.arguments, call.function.arguments);

  // The answer of the tool is a part of the next prompt.
  const next = [...messages, message, { role: 'tool' as const, tool_call_id: call.id, content: 'It rains.' }];
  const told = await client.chat.completions.create({
    ...request,
    messages: next,
    tool_choice: 'none',
    max_completion_tokens: 4,
  });
  assert.ok(told.choices[0]!.message.tool_calls === undefined);
  assert.ok(told.usage!.prompt_tokens > 0 && usage!.prompt_tokens > told.choices.length);
});

test('any of the tools must be called, or none need be', async () => {
  const { choices } = await client.chat.completions.create({
    ...request,
    tool_choice: 'required',
    max_completion_tokens: 400,
  });
  const { message, finish_reason: reason } = choices[0]!;
  if (reason !== 'length')
    assert.ok(
      ['get_weather', 'clock'].includes(
        (message.tool_calls![0] as OpenAI.ChatCompletionMessageFunctionToolCall).function.name,
      ),
    );
  const free = await client.chat.completions.create({ ...request, max_completion_tokens: 8 });
  assert.equal(typeof free.choices[0]!.message.content, 'string');
  const without = await client.chat.completions.create({ model: 'notes', messages, max_completion_tokens: 8 });
  assert.ok(free.usage!.prompt_tokens > without.usage!.prompt_tokens, 'the model is told of its tools');
});

test('what is wrong with tools is told', async () => {
  const refused = (more: object, says: RegExp): Promise<void> =>
    assert.rejects(
      client.chat.completions.create({ ...request, ...more } as never),
      (error) => error instanceof BadRequestError && says.test(error.message),
    );
  await refused({ tool_choice: { type: 'function', function: { name: 'nothing' } } }, /must be one of the tools/);
  await refused({ tools: [{ type: 'custom', custom: {} }] }, /only functions/);
  await refused({ tool_choice: 'required', response_format: { type: 'json_object' } }, /either a call or/);
  const bad = { ...weather, function: { ...weather.function, parameters: { type: 'frob' } } };
  await refused({ tools: [bad], tool_choice: 'required' }, /no type "frob"/);
});

test('calls are found in an answer, and nothing else', () => {
  const { content, calls } = callsIn('I look.\n<tool_call>\n{"name":"clock","arguments":{"a":1}}\n</tool_call>', [
    clock,
  ]);
  assert.deepEqual(
    [content, calls.map(({ function: call }) => call)],
    ['I look.', [{ name: 'clock', arguments: '{"a":1}' }]],
  );
  for (const text of [
    '<tool_call>{"name":"other"}</tool_call>',
    '<tool_call>{bad}</tool_call>',
    '<tool_call>{"name":"clock"}',
  ])
    assert.deepEqual(callsIn(text, [clock]), { content: text, calls: [] });
});
