// Slow: starts a process that loads the bundled model.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { store } from '../../../test/served.ts';
import { type Serving, serving } from '../../../test/serving.ts';
import { temporaryFolder } from '../../../test/temporary.ts';
import { activateAdapter } from '../../catalog/adapters.ts';

let one: Serving;
before(async () => {
  one = await serving(temporaryFolder());
  await store(one.catalog, 'notes', 1);
  await store(one.catalog, 'code', 2);
  await one.catalog.change((change) => activateAdapter(change, { adapter: 'notes' }, 'test'));
});
after(() => one.close());

const body = async (json: object): Promise<{ status: number; text: string }> => {
  const response = await fetch(`http://127.0.0.1:${one.port}/infill`, {
    method: 'POST',
    headers: { authorization: `Bearer ${one.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(json),
  });
  return { status: response.status, text: await response.text() };
};

test('infill answers as the server of llama.cpp does', async () => {
  const request = {
    ...{ input_prefix: 'def add(a, b):\n', input_suffix: '\n\nprint(add(1, 2))\n', prompt: '    return ' },
    ...{
      n_predict: 8,
      temperature: 0,
      samplers: ['top_k'],
      cache_prompt: true,
      t_max_prompt_ms: 9000,
      t_max_predict_ms: 9000,
    },
  };
  const infill = async (more: object = {}): Promise<Record<string, unknown>> => {
    const { status, text } = await body({ ...request, ...more });
    assert.equal(status, 200, text);
    return JSON.parse(text);
  };
  const active = await infill();
  assert.equal(active['model'], 'demo:notes');
  const client = new OpenAI({ baseURL: `http://127.0.0.1:${one.port}/v1`, apiKey: one.token });
  const { choices } = await client.completions.create({
    ...{ model: 'active', prompt: request.input_prefix + request.prompt, suffix: request.input_suffix },
    ...{ max_tokens: 8, temperature: 0 },
  });
  assert.equal(active['content'], choices[0]!.text);
  assert.deepEqual([active['stop'], active['truncated'], active['tokens_predicted']], [true, false, 8]);
  assert.equal(active['stop_type'], 'limit');
  const fields = await infill({ response_fields: ['content', 'timings/prompt_n', 'nothing/here'] });
  assert.deepEqual(Object.keys(fields), ['content', 'timings/prompt_n']);
  assert.equal((await infill({ n_predict: 0 }))['content'], '');
  const [first, second] = await Promise.all(
    ['notes', 'code'].map((model) => infill({ model, input_prefix: 'import ', prompt: '', n_predict: 30 })),
  );
  assert.notEqual(first!['content'], second!['content']);
  const large = await infill({
    input_prefix: `${'x = 1\n'.repeat(2000)}def add(a, b):\n`,
    input_suffix: 'y = 2\n'.repeat(2000),
  });
  assert.equal(large['truncated'], true);
  assert.ok((large['tokens_evaluated'] as number) < 1024);
  const extra = await infill({ input_extra: [{ filename: 'a.py', text: 'def add(a, b): ...' }] });
  assert.ok((extra['tokens_evaluated'] as number) > (active['tokens_evaluated'] as number));

  const { text } = await body({ ...request, stream: true });
  const events = text
    .trimEnd()
    .split('\n\n')
    .map((line) => JSON.parse(line.slice('data: '.length)));
  assert.equal(events.map(({ content }) => content).join(''), active['content']);
  assert.deepEqual(
    events.map(({ stop }) => stop),
    [...events.slice(1).map(() => false), true],
  );
});

test('metrics count what the engines do', async () => {
  const headers = { authorization: `Bearer ${one.token}` };
  const metrics = await (await fetch(`http://127.0.0.1:${one.port}/metrics`, { headers })).text();
  assert.match(metrics, /^vera_engine_requests\{base="demo",of="finished"\} [1-9]/m);
  assert.match(metrics, /^vera_engine_tokens\{base="demo",of="answer"\} [1-9]/m);
  assert.match(metrics, /^vera_engine_steps\{base="demo"\} [1-9]/m);
  assert.match(metrics, /^vera_engine_adapters\{base="demo",of="resident"\} [1-9]/m);
});
