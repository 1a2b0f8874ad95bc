// Slow: needs Python with OpenAI's client, and starts an engine.
/** The routes of the daemon as OpenAI's own Python client uses them. Run by `npm run test:peers`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { store } from '../served.ts';
import { serving } from '../serving.ts';
import { temporaryFolder } from '../temporary.ts';
import { peer } from './python.ts';

const skip = process.env['VERA_TEST_PEERS'] === undefined ? 'npm run test:peers runs this' : false;
const folder = temporaryFolder();

test('the Python client lists, completes, streams and chats, and knows the errors', { skip }, async () => {
  const one = await serving(folder);
  try {
    await store(one.catalog, 'notes', 1);
    const url = `http://127.0.0.1:${one.port}/v1`;
    const got = await peer<Record<string, unknown>>('openai_client.py', [url, one.token, 'notes', 'def add(a, b):\n']);
    const { whole, ...rest } = got;
    assert.ok(typeof whole === 'string' && whole.length > 0);
    assert.deepEqual(rest, {
      models: ['demo', 'demo:notes'],
      streamed: whole,
      tokens: whole,
      usage: 12,
      chats: 2,
      logprobs: true,
      missing: [404, 'model_not_found', 'model'],
      long: [400, 'context_length_exceeded', 'messages'],
      parsed: true,
      raw: [200, true],
      tools: 'look',
      embeddings: [404, 'not_found', null],
      stranger: [401, 'invalid_api_key', null],
    });
  } finally {
    await one.close();
  }
});
