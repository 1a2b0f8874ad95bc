// Slow: starts processes that load the bundled model.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DEMO } from '../../test/served.ts';
import { root } from '../../test/sources.ts';
import { rawClient, serving } from '../../test/serving.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { SERVED_FORMAT } from '../weights/registry.ts';
import { recommended, settled } from './generationConfig.ts';

const home = temporaryFolder();

/** A folder with this generation_config.json. */
function folderWith(content: object | string): string {
  const dir = temporaryFolder();
  writeFileSync(join(dir, 'generation_config.json'), typeof content === 'string' ? content : JSON.stringify(content));
  return dir;
}

test('temperature, top_p, top_k, min_p and repetition_penalty are read', () => {
  const sampling = { temperature: 0.6, top_p: 0.9, top_k: 20, min_p: 0.05 };
  const check = (content: object | string, expected: object): void =>
    assert.deepEqual(recommended(folderWith(content)), { sampling: expected, ignored: [] });
  const all = { temperature: 0.6, topP: 0.9, topK: 20, minP: 0.05 };
  check({ do_sample: true, ...sampling, repetition_penalty: 1.05 }, { ...all, repetitionPenalty: 1.05 });
  check(sampling, all);
  check({ do_sample: false, ...sampling, repetition_penalty: 1.1 }, { repetitionPenalty: 1.1 });
  check({ do_sample: true, top_p: 0.9, temperature: null }, {});
  check({ eos_token_id: 2 }, {});
  check('[1, 2', {});
  check('null', {});
  assert.deepEqual(recommended(temporaryFolder()), { sampling: {}, ignored: [] });
});

test('a value from which no good text could come is not used, and a sentence says so', () => {
  const { sampling, ignored } = recommended(
    folderWith({ temperature: 0.5, top_p: 0, top_k: 1.5, min_p: 'low', repetition_penalty: 0 }),
  );
  assert.deepEqual(sampling, { temperature: 0.5 });
  assert.deepEqual(ignored, [
    'generation_config.json: top_p is 0, which is not used: it has to be above 0 and at most 1.',
    'generation_config.json: top_k is 1.5, which is not used: it has to be a whole number.',
    'generation_config.json: min_p is "low", which is not used: it has to be from 0 to 1.',
    'generation_config.json: repetition_penalty is 0, which is not used: it has to be from 0.5 to 2.',
  ]);
  assert.deepEqual(recommended(folderWith({ do_sample: true, temperature: 40, top_k: 5 })).sampling, {});
});

test('the request comes first, then the file, then the defaults; without defaults the file does not count', () => {
  const own = { sampling: { temperature: 0.6, repetitionPenalty: 1.1 }, ignored: [] };
  const of = (request: Parameters<typeof settled>[1]): unknown[] => {
    const { temperature, topP, repetitionPenalty } = settled(own, request);
    return [temperature, topP, repetitionPenalty];
  };
  const defaults = { temperature: 0.7, topP: 0.95 };
  assert.deepEqual(of({}), [0, 1, 1]);
  assert.deepEqual(of({ defaults: {} }), [0.6, 1, 1.1]);
  assert.deepEqual(of({ defaults }), [0.6, 0.95, 1.1]);
  assert.deepEqual(of({ defaults, sampling: { temperature: 0, repetitionPenalty: 1 } }), [0, 0.95, 1]);
});

const prompt = 'def add(a, b):\n    return a + b\n\ndef sub(a, b):\n    ';

test('every way to ask takes the values of the file, unless it says its own', async () => {
  const base = join(home, 'penalised');
  cpSync(DEMO, base, { recursive: true, filter: (file) => !file.includes('recipe') });
  writeFileSync(join(base, 'generation_config.json'), JSON.stringify({ do_sample: false, repetition_penalty: 1.3 }));
  const one = await serving(home);
  try {
    const { socket, ask } = await rawClient(one);
    const generate = async (more: object): Promise<string> =>
      (await ask('text.generate', { prompt: { text: prompt }, base, maxTokens: 24, ...more })).result.text as string;
    const plain = await generate({});
    const penalised = await generate({ sampling: { repetitionPenalty: 1.3 } });
    assert.notEqual(plain, penalised);
    assert.equal(await generate({ defaults: {} }), penalised);
    assert.equal(await generate({ defaults: {}, sampling: { repetitionPenalty: 1 } }), plain);
    const sampled = await generate({ sampling: { temperature: 0.8, repetitionPenalty: 1.3, seed: 4 } });
    assert.equal(await generate({ defaults: { temperature: 0.8 }, sampling: { seed: 4 } }), sampled);

    const completion = async (more: object): Promise<string> => {
      const response = await fetch(`http://127.0.0.1:${one.port}/v1/completions`, {
        ...{ method: 'POST', headers: { authorization: `Bearer ${one.token}`, 'content-type': 'application/json' } },
        body: JSON.stringify({ model: base, prompt, max_tokens: 24, temperature: 0, ...more }),
      });
      const answer = (await response.json()) as { choices: { text: string }[] };
      assert.equal(response.status, 200, JSON.stringify(answer));
      return answer.choices[0]!.text;
    };
    assert.equal(await completion({}), penalised);
    assert.equal(await completion({ repetition_penalty: 1 }), plain);
    const seeded = { temperature: undefined, seed: 4 };
    const loud = { temperature: 1, repetitionPenalty: 1.3, seed: 4 };
    assert.equal(await completion(seeded), await generate({ sampling: loud }), "OpenAI's default temperature");

    const here = spawnSync(
      process.execPath,
      [
        join(root, 'daemon/cli/main.ts'),
        'generate',
        '--foreground',
        '--base',
        base,
        '--prompt',
        prompt,
        '--json',
      ].concat(['--max-tokens', '24', '--temperature', '0', '--precision', SERVED_FORMAT.name]),
      { encoding: 'utf8', env: { ...process.env, VERA_HOME: home } },
    );
    assert.equal(here.status, 0, here.stderr);
    assert.deepEqual(JSON.parse(here.stdout), { text: penalised });

    writeFileSync(join(base, 'generation_config.json'), JSON.stringify({ temperature: 0.2, repetition_penalty: 9 }));
    const { temperature, limits } = (await ask('text.describe', { base })).result as {
      temperature: number;
      limits: { chat: string[] };
    };
    assert.equal(temperature, 0.2);
    assert.match(limits.chat.at(-1)!, /repetition_penalty is 9, which is not used/);
    socket.close();
  } finally {
    await one.close();
  }
});
