import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OfferedModel } from '../../daemon/protocol/generation.ts';
import { chatModels, choiceOf } from './models.ts';

const abilities = { chat: true, fillInTheMiddle: true, maxLength: 2048, parameters: 3.5e6 };
const offered = (adapter: number | null, changes: Partial<OfferedModel> = {}): OfferedModel => ({
  model: {
    ...{ id: 'x', base: '/models/SmolLM2', active: false },
    adapter: adapter === null ? null : { id: adapter, name: `notes\n${adapter}`, hash: `${adapter}`.repeat(64) },
  },
  ...{ fingerprint: 'f'.repeat(64), createdAt: 0, abilities, problem: null, ...changes },
});

test('adapters and bases as VS Code lists them', () => {
  const models = chatModels({ active: offered(2), bases: [offered(null)], adapters: [offered(2), offered(1)] });
  assert.deepEqual(
    models.map(({ id, name, family, version }) => [id, name, family, version]),
    [
      ['active', 'Active adapter: notes 2', 'SmolLM2', '222222222222'],
      [`base-${'f'.repeat(64)}`, 'SmolLM2', 'SmolLM2', 'ffffffffffff'],
      ['adapter-2', 'notes 2', 'SmolLM2', '222222222222'],
      ['adapter-1', 'notes 1', 'SmolLM2', '111111111111'],
    ],
  );
  assert.equal(new Set(models.map(({ id }) => id)).size, models.length);
  for (const { maxInputTokens, maxOutputTokens, capabilities } of models) {
    assert.deepEqual([maxInputTokens, maxOutputTokens], [1024, 1024]);
    assert.deepEqual(capabilities, { imageInput: false, toolCalling: false });
  }
});

test('a base that cannot chat, or is not there, is not listed', () => {
  const silent = offered(1, { abilities: { ...abilities, chat: false } });
  const gone = offered(null, { abilities: null, problem: 'it is not there' });
  assert.deepEqual(chatModels({ active: silent, bases: [gone], adapters: [silent] }), []);
});

test('an entry means a model of the daemon', () => {
  assert.deepEqual(choiceOf('adapter-12', '/work'), { adapter: 12 });
  assert.deepEqual(choiceOf('base-abc', '/work'), { base: 'abc' });
  assert.deepEqual(choiceOf('active', '/work'), { workspace: '/work' });
  assert.deepEqual(choiceOf('active', undefined), {});
});
