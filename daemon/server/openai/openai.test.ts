// Slow: starts processes that load the bundled model. It is long because all of its tests share one of them.
/** The routes as the official client of OpenAI uses them, with the bundled model. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import OpenAI, { APIError, AuthenticationError, BadRequestError, NotFoundError, RateLimitError } from 'openai';
import { DEMO, store } from '../../../test/served.ts';
import { type Serving, serving, until } from '../../../test/serving.ts';
import { temporaryFolder } from '../../../test/temporary.ts';
import { activateAdapter } from '../../catalog/adapters.ts';
import { projectOfFolder } from '../../catalog/owners.ts';

let one: Serving;
let client: OpenAI;
before(async () => {
  one = await serving(temporaryFolder(), { answers: 20 });
  client = clientWith(one.token);
  await store(one.catalog, 'notes', 1);
  await store(one.catalog, 'code', 2);
  await activate('notes');
});
after(() => one.close());

const clientWith = (apiKey: string, more: object = {}): OpenAI =>
  new OpenAI({ baseURL: `http://127.0.0.1:${one.port}/v1`, apiKey, maxRetries: 0, ...more });
const activate = (adapter: string): Promise<unknown> =>
  one.catalog.change((change) => activateAdapter(change, { adapter }, 'test'));

const PROMPT = 'def add(a, b):\n    ';
const greedy = { prompt: PROMPT, max_tokens: 12, temperature: 0 } as const;
const ask = async (model: string): Promise<string> =>
  (await client.completions.create({ ...greedy, model })).choices[0]!.text;
const messages = [{ role: 'user', content: 'Say something.' }] as const;

test('the list of models has the active adapter, the base, and base:adapter', async () => {
  const models = [];
  for await (const model of client.models.list()) models.push(model);
  assert.deepEqual(
    models.map(({ id }) => id),
    ['active', 'demo', 'demo:code', 'demo:notes'],
  );
  assert.ok(models.every(({ object, created }) => object === 'model' && created > 1.7e9));
  assert.equal((await client.models.retrieve('demo:code')).id, 'demo:code');
  assert.equal((await client.models.retrieve('code')).id, 'demo:code');
  await assert.rejects(client.models.retrieve('nothing'), NotFoundError);
});

test('an adapter is named by name, number, base:adapter or as the active one; the base by its name or spec', async () => {
  const { id } = await store(one.catalog, 'third', 3);
  const [notes, code, third, base] = await Promise.all(['notes', 'code', 'third', 'base'].map(ask));
  assert.equal(new Set([notes, code, third, base]).size, 4);
  assert.deepEqual(await Promise.all(['demo:notes', 'base:notes', 'active', ''].map(ask)), [
    notes,
    notes,
    notes,
    notes,
  ]);
  assert.deepEqual(await Promise.all([String(id), `demo:${id}`, `${DEMO}:third`].map(ask)), [third, third, third]);
  assert.deepEqual(await Promise.all(['demo', DEMO].map(ask)), [base, base]);
  const { model } = await client.completions.create({ ...greedy, model: 'code' });
  assert.equal(model, 'demo:code');

  await activate('code');
  assert.equal(await ask('active'), code);
  // The same name with other content: the next request gets it.
  await store(one.catalog, 'notes', 4);
  const renewed = await ask('notes');
  assert.ok(![notes, code, third, base].includes(renewed));
  await store(one.catalog, 'notes', 1);
  assert.equal(await ask('notes'), notes);
  await activate('notes');
});

test('a project says which adapter is active: by name, number or folder, in a header or in the model', async () => {
  const folder = join(one.home, 'garden');
  const project = await one.catalog.change(async (change) => {
    const id = await projectOfFolder(change, folder);
    await activateAdapter(change, { adapter: 'code', project: id }, 'test');
    return id;
  });
  const [notes, code] = await Promise.all(['notes', 'code'].map(ask));
  const asProject = (name: string): OpenAI => clientWith(one.token, { project: name });
  for (const name of ['garden', String(project), folder, join(folder, 'src/deep')]) {
    const { model, choices } = await asProject(name).completions.create({ ...greedy, model: 'active' });
    assert.deepEqual([model, choices[0]!.text], ['demo:code', code], name);
  }
  assert.equal(await ask('active@garden'), code);
  assert.equal(await ask('active'), notes);
  const chat = await asProject('garden').chat.completions.create({
    model: '',
    messages: [...messages],
    max_completion_tokens: 1,
  });
  assert.equal(chat.model, 'demo:code');
  const infill = async (headers: object, json: object = {}): Promise<unknown> => {
    const { text } = await body('/infill', { input_prefix: PROMPT, n_predict: 2, ...json }, headers);
    return (JSON.parse(text) as { model: string }).model;
  };
  assert.deepEqual(
    [await infill({}), await infill({ 'openai-project': 'garden' }), await infill({}, { model: 'active@garden' })],
    ['demo:notes', 'demo:code', 'demo:code'],
  );
  const listed = [];
  for await (const { id } of asProject('garden').models.list()) listed.push(id);
  assert.deepEqual(listed.slice(0, 3), ['active', 'active@garden', 'demo']);
  for (const wrong of [asProject('nowhere').completions.create({ ...greedy, model: 'active' }), ask('active@nowhere')])
    await assert.rejects(wrong, /no project "nowhere"/);
});

test('an answer whose time is over ends after a whole line', async () => {
  const long = { ...greedy, model: 'base', max_tokens: 400, logit_bias: { '0': -100, '2': -100 } };
  const timed = (await client.completions.create({ ...long, t_max_predict_ms: 0.001 } as typeof long)).choices[0]!;
  const whole = (await client.completions.create(long)).choices[0]!;
  assert.equal(timed.finish_reason, 'length');
  assert.ok(whole.text.startsWith(timed.text) && timed.text.length < whole.text.length);
  assert.ok(timed.text.includes('\n'));
});

test('a completion, streamed and whole, with usage', async () => {
  const request = { ...greedy, model: 'notes', temperature: 0.9, seed: 7, max_tokens: 20 };
  const whole = await client.completions.create(request);
  const stream = await client.completions.create({ ...request, stream: true, stream_options: { include_usage: true } });
  let text = '';
  const reasons: unknown[] = [];
  let usage: unknown;
  let chunks = 0;
  for await (const chunk of stream) {
    chunks++;
    text += chunk.choices[0]?.text ?? '';
    if (chunk.choices[0]?.finish_reason != null) reasons.push(chunk.choices[0].finish_reason);
    if (chunk.choices.length === 0) usage = chunk.usage;
    else assert.equal(chunk.usage, null);
  }
  assert.ok(chunks > 5);
  const [choice] = whole.choices;
  assert.deepEqual([text, reasons], [choice!.text, [choice!.finish_reason]]);
  assert.equal(whole.object, 'text_completion');
  const { prompt_tokens: read, completion_tokens: written, total_tokens: all } = whole.usage!;
  assert.ok(read > 3 && written > 0 && all === read + written);
  assert.equal((usage as { completion_tokens: number }).completion_tokens, written);
  const other = await client.completions.create({ ...request, seed: 8 });
  assert.notEqual(other.choices[0]!.text, choice!.text);
  const negative = await client.completions.create({ ...request, seed: -1 });
  assert.notEqual(negative.choices[0]!.text, choice!.text);
});

test('prompts as lists and tokens, n answers, a suffix, a stop text', async () => {
  const several = await client.completions.create({ ...greedy, model: 'notes', prompt: [PROMPT, 'import '], n: 2 });
  assert.deepEqual(
    several.choices.map(({ index }) => index),
    [0, 1, 2, 3],
  );
  const [first, second, third] = several.choices.map(({ text }) => text);
  assert.equal(first, second);
  assert.notEqual(first, third);
  const tokens = await client.completions.create({
    ...greedy,
    model: 'notes',
    prompt: [
      [5, 6, 7],
      [8, 9],
    ],
  });
  assert.equal(tokens.choices.length, 2);
  assert.equal(tokens.usage!.prompt_tokens, 5);
  const varied = await client.completions.create({ ...greedy, model: 'notes', temperature: 1, n: 3, seed: 1 });
  assert.equal(new Set(varied.choices.map(({ text }) => text)).size, 3);
  const [again] = (await client.completions.create({ ...greedy, model: 'notes', temperature: 1, seed: 2 })).choices;
  assert.equal(again!.text, varied.choices[1]!.text, 'each answer has the next seed');

  const filled = await client.completions.create({ ...greedy, model: 'base', suffix: '\n\nprint(add(1, 2))\n' });
  assert.notEqual(filled.choices[0]!.text, await ask('base'));
  const whole = (await client.completions.create({ ...greedy, model: 'base', max_tokens: 30 })).choices[0]!;
  const stop = whole.text.slice(5, 8);
  const stopped = (await client.completions.create({ ...greedy, model: 'base', max_tokens: 30, stop })).choices[0]!;
  assert.deepEqual([stopped.text, stopped.finish_reason], [whole.text.slice(0, whole.text.indexOf(stop)), 'stop']);
});

test('penalties and biases change the answer', async () => {
  const plain = (await client.completions.create({ ...greedy, model: 'base', logprobs: 1 })).choices[0]!;
  const biased = await client.completions.create({
    ...greedy,
    model: 'base',
    max_tokens: 4,
    logit_bias: { '100': 100 },
    logprobs: 0,
  });
  const texts = biased.choices[0]!.logprobs!.tokens!;
  assert.equal(new Set(texts).size, 1);
  const two = { ...greedy, model: 'base', logit_bias: { '100': 100, '101': 100 }, logprobs: 0 };
  const free = await client.completions.create(two);
  const penalised = await client.completions.create({ ...two, presence_penalty: 2, frequency_penalty: 2 });
  assert.equal(new Set(penalised.choices[0]!.logprobs!.tokens).size, 2);
  assert.notEqual(penalised.choices[0]!.text, free.choices[0]!.text);
  assert.equal(plain.logprobs!.tokens!.join(''), plain.text);
});

test('log-probabilities of completions and chats', async () => {
  const request = { ...greedy, model: 'notes', logprobs: 3 };
  const whole = (await client.completions.create(request)).choices[0]!;
  const { tokens, token_logprobs: logprobs, top_logprobs: top, text_offset: offsets } = whole.logprobs!;
  assert.equal(tokens!.join(''), whole.text);
  assert.ok(logprobs!.every((value) => value <= 0));
  top!.forEach((map, i) => assert.equal(Math.max(...Object.values(map)), logprobs![i], 'greedy takes the likeliest'));
  assert.deepEqual(
    offsets,
    tokens!.map((_, i) => tokens!.slice(0, i).join('').length),
  );
  const streamed = { tokens: [] as string[], offsets: [] as number[] };
  for await (const { choices } of await client.completions.create({ ...request, stream: true })) {
    streamed.tokens.push(...(choices[0]!.logprobs?.tokens ?? []));
    streamed.offsets.push(...(choices[0]!.logprobs?.text_offset ?? []));
  }
  assert.deepEqual(streamed, { tokens, offsets });

  const chat = await client.chat.completions.create({
    ...{ model: 'notes', messages: [...messages], max_completion_tokens: 5, temperature: 0 },
    ...{ logprobs: true, top_logprobs: 2 },
  });
  const { content } = chat.choices[0]!.logprobs!;
  assert.equal(content!.length, 5);
  for (const { token, bytes, logprob, top_logprobs: others } of content!) {
    assert.equal(others.length, 2);
    assert.equal(others[0]!.logprob, logprob);
    if (bytes) assert.equal(Buffer.from(bytes).toString(), token);
  }
});

test('a chat, streamed and whole', async () => {
  const request = { model: 'code', messages: [...messages], max_tokens: 16, temperature: 0.8, seed: 3 };
  const whole = await client.chat.completions.create(request);
  const { message, finish_reason: reason } = whole.choices[0]!;
  assert.equal(message.role, 'assistant');
  assert.ok(message.content!.length > 0);
  const stream = client.chat.completions.stream({ ...request, stream_options: { include_usage: true } });
  const final = await stream.finalChatCompletion();
  assert.deepEqual([final.choices[0]!.message.content, final.choices[0]!.finish_reason], [message.content, reason]);
  assert.deepEqual(final.usage!.completion_tokens, whole.usage!.completion_tokens);
  const parts = await client.chat.completions.create({
    ...request,
    messages: [
      { role: 'developer', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'text', text: 'Say something.' }] },
    ],
  });
  const plain = await client.chat.completions.create({
    ...request,
    messages: [{ role: 'system', content: 'Be brief.' }, ...messages],
  });
  assert.equal(parts.choices[0]!.message.content, plain.choices[0]!.message.content);
  assert.notEqual(plain.choices[0]!.message.content, message.content);
  const two = await client.chat.completions.create({ ...request, n: 2, temperature: 1.5 });
  assert.notEqual(two.choices[0]!.message.content, two.choices[1]!.message.content);
});

const body = async (
  path: string,
  json: object,
  headers: object = {},
): Promise<{ status: number; type: string | null; retryAfter: string | null; text: string }> => {
  const response = await fetch(`http://127.0.0.1:${one.port}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${one.token}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(json),
  });
  const { status, headers: got } = response;
  return { status, type: got.get('content-type'), retryAfter: got.get('retry-after'), text: await response.text() };
};

test('a stream is exactly what the standard says', async () => {
  const { type, text } = await body('/v1/chat/completions', { model: 'notes', messages, max_tokens: 4, stream: true });
  assert.equal(type, 'text/event-stream; charset=utf-8');
  assert.match(text, /^(data: \{[^\n]*\}\n\n)+data: \[DONE\]\n\n$/);
  const events = text
    .split('\n\n')
    .slice(0, -2)
    .map((line) => JSON.parse(line.slice('data: '.length)));
  assert.deepEqual(events[0].choices[0].delta, { role: 'assistant', content: '', refusal: null });
  assert.equal(new Set(events.map(({ id }) => id)).size, 1);
  assert.ok(events.every(({ object, usage }) => object === 'chat.completion.chunk' && usage === undefined));
  assert.deepEqual(events.at(-1).choices[0].delta, {});
});

test('errors have their statuses, and the field that is wrong', async () => {
  const fails = async (
    request: Promise<unknown>,
    kind: new (...args: never) => APIError,
    expected: { status: number; param?: string | null; code?: string | null; says: RegExp },
  ): Promise<void> => {
    const error = await request.then(
      () => assert.fail('it was answered'),
      (error: unknown) => error as APIError,
    );
    assert.ok(error instanceof kind, String(error));
    const { status, param, code, says } = { param: null, code: null, ...expected };
    assert.deepEqual([error.status, error.param ?? null, error.code ?? null], [status, param, code], String(error));
    assert.match(error.message, says);
  };
  const chat = (fields: object): Promise<unknown> =>
    client.chat.completions.create({ model: 'notes', messages: [...messages], max_tokens: 3, ...fields } as never);
  const complete = (fields: object): Promise<unknown> =>
    client.completions.create({ ...greedy, model: 'notes', ...fields } as never);
  await fails(clientWith('x'.repeat(43)).models.list(), AuthenticationError, {
    ...{ status: 401, code: 'invalid_api_key', says: /a token is needed/ },
  });
  const missing = { status: 404, param: 'model', code: 'model_not_found' };
  await fails(chat({ model: 'gpt-4' }), NotFoundError, { ...missing, says: /no model.*gpt-4/ });
  await fails(complete({ model: 'demo:nobody' }), NotFoundError, { ...missing, says: /no model/ });
  await fails(complete({ model: 'openai/gpt' }), NotFoundError, { ...missing, says: /no model/ });
  const wrong = (param: string, says: RegExp) => ({ status: 400, param, says });
  await fails(chat({ temperature: 3 }), BadRequestError, wrong('temperature', /temperature/));
  await fails(chat({ messages: [] }), BadRequestError, wrong('messages', /messages/));
  await fails(
    chat({ messages: [{ role: 'robot', content: 'x' }] }),
    BadRequestError,
    wrong('messages', /only system, developer/),
  );
  await fails(chat({ top_logprobs: 2 }), BadRequestError, wrong('top_logprobs', /needs 'logprobs'/));
  await fails(chat({ stream_options: {} }), BadRequestError, wrong('stream_options', /only for answers with 'stream'/));
  await fails(chat({ wibble: 1 }), BadRequestError, wrong('wibble', /Unrecognized request argument supplied: wibble/));
  await fails(complete({ best_of: 3 }), BadRequestError, wrong('best_of', /not offered/));
  await fails(complete({ echo: true }), BadRequestError, wrong('echo', /not repeated/));
  await fails(complete({ prompt: [[1]], suffix: 'x' }), BadRequestError, wrong('suffix', /given as text/));
  await fails(complete({ prompt: [[4096]] }), BadRequestError, wrong('prompt', /outside the base's vocabulary/));
  await fails(complete({ prompt: '' }), BadRequestError, wrong('prompt', /no tokens/));
  await fails(complete({ n: 100, prompt: ['a', 'b'] }), BadRequestError, wrong('n', /at most 128/));
  const long = { ...wrong('prompt', /may have 1024/), code: 'context_length_exceeded' };
  await fails(complete({ prompt: 'a b '.repeat(2000) }), BadRequestError, long);
  // The same where the answer is streamed: nothing has been sent yet.
  await fails(complete({ prompt: 'a b '.repeat(2000), stream: true }), BadRequestError, long);
  await fails(chat({ messages: [{ role: 'user', content: 'a b '.repeat(2000) }] }), BadRequestError, {
    ...{ status: 400, param: 'messages', code: 'context_length_exceeded', says: /may have 1024/ },
  });
  await fails(complete({ n: 21 }), RateLimitError, { status: 429, code: 'queue_full', says: /at most 20/ });
  await fails(client.embeddings.create({ model: 'notes', input: 'x' }), NotFoundError, {
    ...{ status: 404, code: 'not_found', says: /embeddings are not offered/ },
  });
  const raw = await fetch(`http://127.0.0.1:${one.port}/v1/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${one.token}`, 'content-type': 'application/json' },
    body: '{"model":',
  });
  assert.deepEqual(
    [raw.status, await raw.json()],
    [400, { error: { message: 'the body is not valid JSON', type: 'invalid_request_error', param: null, code: null } }],
  );
  const form = await fetch(`http://127.0.0.1:${one.port}/v1/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${one.token}` },
    body: '{}',
  });
  assert.equal(form.status, 415);
  assert.deepEqual(JSON.parse((await body('/v1/nothing', {})).text).error.code, 'not_found');
});

test('an adapter of another base, and a name that fits several', async () => {
  await one.catalog.change(({ db }) => db.updateTable('base_model').set({ spec: '/nowhere/at/all' }).execute());
  try {
    await assert.rejects(client.completions.create({ ...greedy, model: 'notes' }), NotFoundError);
  } finally {
    await one.catalog.change(({ db }) => db.updateTable('base_model').set({ spec: DEMO }).execute());
  }
  assert.ok(await ask('notes'));
});

const running = async (): Promise<number> =>
  (await one.engines.states()).reduce((sum, { stats }) => sum + stats.requests.running + stats.requests.waiting, 0);

test('a client that goes away ends its answer, also one that waits for the whole', async () => {
  const long = { ...greedy, model: 'notes', max_tokens: 900, logit_bias: { '0': -100, '2': -100 } };
  const cancelled = async (): Promise<number> => (await one.engines.states())[0]!.stats.requests.cancelled;
  const before = await cancelled();
  const stream = await client.completions.create({ ...long, stream: true });
  for await (const chunk of stream) if (chunk.choices[0]!.text !== '') break;
  const controller = new AbortController();
  const whole = client.completions.create({ ...long, n: 2 }, { signal: controller.signal });
  setTimeout(() => controller.abort(), 100);
  await assert.rejects(whole, /abort/i);
  await until('they have ended', () => one.engines.requests() === 0, 3000);
  assert.equal(await running(), 0);
  assert.equal((await cancelled()) - before, 3);
});

test('a client that is one too many comes again by itself, as the answer says', async () => {
  const long = { ...greedy, model: 'notes', max_tokens: 900, n: 20, logit_bias: { '0': -100, '2': -100 } };
  const filling = new AbortController();
  const full = client.completions.create(long, { signal: filling.signal });
  await until('the daemon is full', () => one.engines.requests() === 20, 3000);
  const refused = await body('/v1/completions', { ...greedy, model: 'notes' });
  assert.deepEqual([refused.status, refused.retryAfter], [429, '1']);
  setTimeout(() => filling.abort(), 300);
  const patient = clientWith(one.token, { maxRetries: 3 });
  const [answer] = await Promise.all([
    patient.completions.create({ ...greedy, model: 'notes' }),
    assert.rejects(full, /abort/i),
  ]);
  assert.equal(answer.choices[0]!.text, await ask('notes'));
});

test('raw responses, a time limit of the client, and a stream that is left', async () => {
  const { data, response } = await client.completions.create({ ...greedy, model: 'code' }).withResponse();
  assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
  assert.equal(data.choices[0]!.text, await ask('code'));
  const long = { ...greedy, model: 'notes', max_tokens: 900, logit_bias: { '0': -100, '2': -100 } };
  await assert.rejects(client.completions.create(long, { timeout: 50 }), /timed out/);
  const stream = await client.completions.create({ ...long, stream: true });
  for await (const _ of stream) stream.controller.abort();
  await until('they have ended', () => one.engines.requests() === 0, 3000);
});

test('an engine that is killed in the middle ends its streams with an error, and the next request works', async () => {
  const [state] = await one.engines.states();
  const expected = await ask('code');
  const stream = await client.completions.create({ ...greedy, model: 'notes', max_tokens: 900, stream: true });
  const read = async (): Promise<void> => {
    let killed = false;
    for await (const _ of stream) {
      if (!killed) process.kill(state!.pid!, 'SIGKILL');
      killed = true;
    }
  };
  await assert.rejects(read(), (error) => error instanceof APIError && /the engine ended/.test(error.message));
  assert.equal(await ask('code'), expected);
  const [next] = await one.engines.states();
  assert.notEqual(next!.pid, state!.pid);
  assert.ok(one.logged.some((line) => line.includes('an engine ended unexpectedly')));
});
