// Slow: starts a process that loads the bundled model.
/** Answers that are JSON, as the official client asks for them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Validator } from '@cfworker/json-schema';
import OpenAI, { BadRequestError } from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { store } from '../../../test/served.ts';
import { type Serving, serving } from '../../../test/serving.ts';
import { temporaryFolder } from '../../../test/temporary.ts';

let one: Serving;
let client: OpenAI;
before(async () => {
  one = await serving(temporaryFolder());
  client = new OpenAI({ baseURL: `http://127.0.0.1:${one.port}/v1`, apiKey: one.token, maxRetries: 0 });
  await store(one.catalog, 'notes', 1);
  await store(one.catalog, 'code', 2);
});
after(() => one.close());

const messages = [{ role: 'user' as const, content: 'Describe a person.' }];
const person = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 12 },
    age: { type: 'integer', minimum: 0, maximum: 120 },
    mood: { enum: ['good', 'bad'] },
    tags: { type: 'array', items: { type: 'string', pattern: '^[a-z]{1,6}$' }, maxItems: 2 },
  },
  required: ['name', 'age', 'mood'],
  additionalProperties: false,
};
const format = (schema: object) => ({ type: 'json_schema', json_schema: { name: 'x', schema, strict: true } }) as never;
const ask = async (model: string, more: object) =>
  (await client.chat.completions.create({ model, messages, max_completion_tokens: 200, temperature: 1, ...more }))
    .choices[0]!;

test('an answer fits its schema: greedy or sampled, streamed or whole, alone or among others, with an adapter or without', async () => {
  const validator = new Validator(person as never, '2020-12');
  const kinds = ['base', 'notes', 'code'].flatMap((model) => [0, 1.5].map((temperature) => ({ model, temperature })));
  const request = { response_format: format(person), seed: 5 };
  const together = await Promise.all(kinds.map(({ model, temperature }) => ask(model, { ...request, temperature })));
  for (const [i, { message, finish_reason: reason }] of together.entries()) {
    assert.equal(reason, 'stop', message.content!);
    const { valid, errors } = validator.validate(JSON.parse(message.content!));
    assert.ok(valid, `${message.content}: ${JSON.stringify(errors)}`);
    const { model, temperature } = kinds[i]!;
    if (i < 2) assert.equal((await ask(model, { ...request, temperature })).message.content, message.content);
  }
  const stream = client.chat.completions.stream({
    model: 'notes',
    messages,
    max_tokens: 200,
    ...request,
    temperature: 1.5,
  });
  assert.equal((await stream.finalChatCompletion()).choices[0]!.message.content, together[3]!.message.content);
  const several = await client.completions.create({
    ...{ model: 'base', prompt: 'A person: ', n: 4, max_tokens: 200, temperature: 1.2, logit_bias: { '5': 100 } },
    ...{ response_format: format(person) },
  } as never);
  for (const { text } of (several as OpenAI.Completion).choices)
    assert.ok(validator.validate(JSON.parse(text)).valid, text);
});

test('any object; an answer that is cut off is the beginning of one', async () => {
  const whole = await ask('base', {
    response_format: { type: 'json_object' },
    max_completion_tokens: 900,
    temperature: 0,
  });
  if (whole.finish_reason === 'stop') assert.equal(typeof JSON.parse(whole.message.content!), 'object');
  assert.ok(whole.message.content!.startsWith('{'));
  const cut = await ask('base', { response_format: format(person), max_completion_tokens: 4 });
  assert.equal(cut.finish_reason, 'length');
  assert.ok(cut.message.content!.startsWith('{'));
  const text = await ask('base', { response_format: { type: 'text' }, max_completion_tokens: 4 });
  assert.ok(!text.message.content!.startsWith('{'));
});

test('the parse helper gives an object of a zod schema', async () => {
  const Person = z.object({
    name: z.string().max(20),
    born: z.iso.date(),
    height: z.number().min(0.5).max(2.5),
    kind: z.discriminatedUnion('t', [z.object({ t: z.literal('a') }), z.object({ t: z.literal('b'), n: z.int() })]),
  });
  const { choices } = await client.chat.completions.parse({
    ...{ model: 'notes', messages, max_tokens: 300, seed: 1 },
    response_format: zodResponseFormat(Person, 'person'),
  });
  assert.ok(Person.parse(choices[0]!.message.parsed).name.length <= 20);
});

test('a schema that cannot be followed is refused, with what and where', async () => {
  const refused = async (schema: object, says: RegExp): Promise<void> => {
    const error = await ask('base', { response_format: format(schema) }).then(
      () => assert.fail('it was answered'),
      (error: unknown) => error as BadRequestError,
    );
    assert.ok(error instanceof BadRequestError, String(error));
    assert.deepEqual([error.status, error.param], [400, 'response_format']);
    assert.match(error.message, says);
  };
  const inside = (one: object): object => ({ type: 'object', properties: { a: { type: 'array', items: one } } });
  await refused(
    inside({ not: {} }),
    /the JSON schema at #\/properties\/a\/items\/not: this keyword cannot be followed/,
  );
  await refused(inside({ type: 'frob' }), /at #\/properties\/a\/items\/type: there is no type "frob"/);
  await refused(inside({ $ref: '#/$defs/x' }), /at #\/properties\/a\/items\/\$ref: there is nothing at #\/\$defs\/x/);
  await refused({ anyOf: [{ $ref: '#' }] }, /at #\/anyOf\/0: it refers to itself/);
  await refused(
    inside({ type: 'string', pattern: '(?=x)' }),
    /items\/pattern: this regular expression cannot be followed at "\(\?=x\)"/,
  );
  await refused(inside({ type: 'string', format: 'frob' }), /items\/format: "frob" is not known; known are date/);
  await refused(inside({ type: 'string', maxLength: 1e9 }), /items\/maxLength: it is at most 256/);
  await refused(inside({ type: 'integer', minimum: 3, maximum: 2 }), /no number is between its bounds/);
  await assert.rejects(
    ask('base', { response_format: { type: 'xml' } }),
    /its type is 'text', 'json_object' or 'json_schema'/,
  );
});

test('a schema that is made to take long harms nobody', async () => {
  const nested = `${'{"items":'.repeat(20_000)}{}${'}'.repeat(20_000)}`;
  const raw = await fetch(`http://127.0.0.1:${one.port}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${one.token}`, 'content-type': 'application/json' },
    body: `{"model":"base","messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema","json_schema":{"schema":${nested}}}}`,
  });
  assert.equal(raw.status, 400);
  assert.match(await raw.text(), /nested more than 100 deep/);
  const bombs: object[] = [
    { enum: Array.from({ length: 50_000 }, (_, i) => `value ${i}`) },
    { enum: Array.from({ length: 3000 }, (_, i) => `value ${i}`) },
    { type: 'array', items: { type: 'string', pattern: '^(((a{1,200}){1,200}){1,200}){1,200}$' } },
    {
      $ref: '#/$defs/a',
      $defs: Object.fromEntries(
        Array.from({ length: 40 }, (_, i) => [
          i === 0 ? 'a' : `a${i}`,
          { allOf: [{ $ref: `#/$defs/a${i + 1}` }, { $ref: `#/$defs/a${i + 1}` }] },
        ]),
      ),
    },
    { type: 'object', properties: Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`p${i}`, {}])) },
  ];
  const began = performance.now();
  const attacks = bombs.map((bomb) =>
    ask('base', { response_format: format(bomb), max_completion_tokens: 20 }).then(
      () => 'answered',
      (error: unknown) => (error as BadRequestError).status,
    ),
  );
  let slowest = 0;
  for (let i = 0; i < 10; i++) {
    const from = performance.now();
    await ask('notes', { max_completion_tokens: 4 });
    slowest = Math.max(slowest, performance.now() - from);
  }
  const ends = await Promise.all(attacks);
  assert.ok(
    ends.every((end) => end === 400 || end === 'answered'),
    String(ends),
  );
  assert.deepEqual(ends.slice(0, 2), [400, 400]);
  assert.ok(slowest < 10_000 && performance.now() - began < 60_000, `${slowest} ms`);
  assert.equal(
    JSON.parse((await ask('base', { response_format: format({ type: 'boolean' }) })).message.content!) in
      { true: 1, false: 1 },
    true,
  );
});
