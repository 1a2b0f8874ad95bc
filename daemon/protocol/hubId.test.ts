import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hubIdIn, isHubId } from './hubId.ts';

test('ids of models on the hub', () => {
  for (const id of ['HuggingFaceTB/SmolLM2-135M', 'a/b', 'a.b/..c', `${'a'.repeat(96)}/${'b'.repeat(96)}`])
    assert.ok(isHubId(id), id);
  const wrong = [
    '',
    'gpt2',
    '/b',
    'a/',
    'a/b/c',
    '../b',
    'a/..',
    './b',
    'a b/c',
    'a/b\n',
    `${'a'.repeat(97)}/b`,
    'ä/b',
  ];
  for (const text of wrong) assert.ok(!isHubId(text), text);
});

test('the id in what a person pasted', () => {
  const cases: [text: string, id: string | undefined][] = [
    [' Qwen/Qwen3-0.6B ', 'Qwen/Qwen3-0.6B'],
    ['https://huggingface.co/Qwen/Qwen3-0.6B', 'Qwen/Qwen3-0.6B'],
    ['https://huggingface.co/Qwen/Qwen3-0.6B/tree/main?x=1#files', 'Qwen/Qwen3-0.6B'],
    ['huggingface.co/Qwen/Qwen3-0.6B/', 'Qwen/Qwen3-0.6B'],
    ['hf.co/Qwen/Qwen3-0.6B', 'Qwen/Qwen3-0.6B'],
    ['http://127.0.0.1:8080/Qwen/Qwen3-0.6B', 'Qwen/Qwen3-0.6B'],
    ['https://huggingface.co/datasets/squad', undefined],
    ['https://huggingface.co/Qwen', undefined],
    ['hf.co/Qwen', undefined],
    ['small chat model', undefined],
    ['', undefined],
  ];
  for (const [text, id] of cases) assert.equal(hubIdIn(text), id, text);
});
