import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHubId } from './hubId.ts';

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
