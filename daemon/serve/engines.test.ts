// Slow: starts processes that load the bundled model.
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { answerOf } from '../../test/engine.ts';
import { DEMO, store } from '../../test/served.ts';
import { serving, until } from '../../test/serving.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { deleteAdapter } from '../catalog/adapters.ts';

const home = temporaryFolder();
const request = { prompt: { text: 'def add(a, b):\n' }, maxTokens: 8 };
const ask = async (engines: Awaited<ReturnType<typeof serving>>['engines'], base: string, adapter?: string) =>
  (await answerOf(engines.submit(base, { ...request, adapter }, new AbortController().signal))).text;

test('an engine ends when it is idle, makes room for another base, and reads adapters by their content', async () => {
  const one = await serving(home, {}, undefined, 300);
  const { engines, catalog } = one;
  try {
    assert.deepEqual(await engines.states(), []);
    const first = await ask(engines, DEMO);
    const [state] = await engines.states();
    assert.deepEqual([state!.base, state!.stats.requests.finished, engines.requests()], [DEMO, 1, 0]);

    // Whoever asked for an adapter gets it, also after it was moved to the trash.
    const { id, hash } = await store(catalog, 'notes', 1);
    await catalog.change((change) => deleteAdapter(change, { adapter: id, confirm: true }, 'test'));
    assert.notEqual(await ask(engines, DEMO, hash), first);
    await assert.rejects(ask(engines, DEMO, 'f'.repeat(64)), { code: 'missing' });

    const copy = join(home, 'copy');
    for (const name of [
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ])
      cpSync(join(DEMO, name), join(copy, name));
    assert.equal(await ask(engines, copy), first);
    assert.deepEqual(
      (await engines.states()).map(({ base }) => base),
      [copy],
    );

    await until('it has ended', () => one.logged.some((line) => line.includes('it was idle')), 5000);
    assert.deepEqual(await engines.states(), []);
    assert.equal(await ask(engines, DEMO), first);
    await assert.rejects(engines.info(join(home, 'nowhere')), { code: 'model' });
  } finally {
    await one.close();
  }
});
