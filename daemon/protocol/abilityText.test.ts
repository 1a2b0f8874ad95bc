import assert from 'node:assert/strict';
import { test } from 'node:test';
import { abilitiesText, limitsOf } from './abilityText.ts';

const able = { fillInTheMiddle: true, chat: true, maxLength: 8192, parameters: 135e6 };

test('a base that suits has no limits', () => {
  assert.deepEqual([...limitsOf(able, 'completion'), ...limitsOf(able, 'chat')], []);
});

test('each use names only the limits that matter for it', () => {
  const plain = { ...able, fillInTheMiddle: false, chat: false };
  const [completion, ...more] = limitsOf(plain, 'completion');
  assert.match(completion!, /no fill-in-the-middle tokens.*only the text before the cursor/);
  assert.deepEqual(more, []);
  assert.equal(limitsOf(plain, 'chat').length, 1);
  assert.match(limitsOf(plain, 'chat')[0]!, /no chat template/);
});

test('a tiny base is for trying things out, whatever it is used for', () => {
  for (const use of ['completion', 'chat'] as const)
    assert.match(
      limitsOf({ ...able, parameters: 3.4e6 }, use).join(),
      /only 3\.4 million parameters.*trying things out/,
    );
  assert.match(limitsOf({ ...able, maxLength: 256 }, 'completion').join(), /at most 256 tokens/);
});

test('the words for a list', () => {
  assert.equal(abilitiesText(able), 'fills in the middle, chat, 8,192 tokens');
  assert.equal(abilitiesText({ ...able, fillInTheMiddle: false, chat: false }), 'continues text, 8,192 tokens');
});
