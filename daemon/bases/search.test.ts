import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { searchBases } from './search.ts';

delete process.env['HF_TOKEN'];
const MODELS = [
  entry('me/good', { architectures: ['LlamaForCausalLM'] }, { BF16: 1e9 }),
  entry(
    'me/gptq',
    { architectures: ['LlamaForCausalLM'], quantization_config: { quant_method: 'gptq' } },
    { I32: 1e8 },
  ),
  entry('me/fp8', { architectures: ['LlamaForCausalLM'] }, { F8_E4M3: 1e9, BF16: 1e6 }),
  entry('me/other', { architectures: ['GPT2LMHeadModel'] }, { F32: 1e8 }),
  entry('me/gguf', {}, {}),
  { ...entry('me/gated', { architectures: ['Qwen3ForCausalLM'] }, { BF16: 5e8, F32: 1e3 }), gated: 'manual' },
  { id: 7 },
];
function entry(id: string, config: object, parameters: Record<string, number>) {
  return { id, config, safetensors: { parameters }, tags: ['text-generation', 'license:mit'], downloads: 12 };
}

const asked: IncomingMessage[] = [];
const server = createServer((request, response) => {
  asked.push(request);
  const url = new URL(request.url!, 'http://hub');
  const id = url.pathname.slice('/api/models/'.length);
  if (id === 'me/private' && request.headers.authorization !== 'Bearer hf_right')
    return void response.writeHead(401).end();
  const one = MODELS.find((model) => model.id === id);
  if (url.pathname !== '/api/models' && one === undefined) return void response.writeHead(404).end();
  response.end(JSON.stringify(one ?? MODELS));
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
after(() => server.close());
const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const search = (text: string, token?: string) =>
  searchBases(text, { endpoint, ...(token === undefined ? {} : { token }) });

test('words find what can be trained, with size and licence', async () => {
  const found = await search('small llama');
  assert.deepEqual(found, [
    {
      ...{ id: 'me/good', architecture: 'LlamaForCausalLM', licence: 'mit', gated: false, downloads: 12 },
      ...{ problem: null, parameters: 1e9, bytes: 2e9 },
    },
    {
      ...{ id: 'me/gated', architecture: 'Qwen3ForCausalLM', licence: 'mit', gated: true, downloads: 12 },
      ...{ problem: null, parameters: 500_001_000, bytes: 1_000_004_000 },
    },
  ]);
  const { searchParams } = new URL(asked.at(-1)!.url!, endpoint);
  assert.equal(searchParams.get('search'), 'small llama');
  assert.deepEqual(searchParams.getAll('expand[]').sort(), ['config', 'downloads', 'gated', 'safetensors', 'tags']);
});

test('an id or an address gives that model, and why it cannot be trained', async () => {
  const problem = async (text: string) => (await search(text)).map((one) => one.problem);
  assert.deepEqual(await problem(`${endpoint}/me/good/tree/main`), [null]);
  assert.match((await problem('me/gptq'))[0]!, /quantised \(gptq\).*made from/);
  assert.match((await problem('https://huggingface.co/me/fp8'))[0]!, /stored as F8_E4M3/);
  assert.match((await problem('me/other'))[0]!, /GPT2LMHeadModel is not supported/);
  assert.match((await problem('me/gguf'))[0]!, /no config\.json/);
  assert.equal((await problem('me/unknown')).length, 2, 'its words are searched for');
});

test('a private model needs a token, and the token goes nowhere else', async () => {
  await assert.rejects(search('me/private'), { code: 'model', remedy: { do: 'giveHubToken' } });
  await assert.rejects(search('me/private', 'hf_wrong'), (error: Error) => {
    assert.match(error.message, /the one given has no access/);
    assert.doesNotMatch(error.message, /hf_wrong/);
    return true;
  });
  assert.equal(asked.at(-1)!.headers.authorization, 'Bearer hf_wrong');
});
