// Slow: runs jobs in real workers.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { writeTinyModel } from '../../test/fixtures/train/tiny.ts';
import { startHub } from '../../test/hub.ts';
import { ACTOR, openQueue, tinyModel, tinyTraining } from '../../test/queue.ts';
import { temporaryFolder } from '../../test/temporary.ts';

const root = temporaryFolder();
const home = join(root, 'home');
const TOKEN = 'hf_a_secret_of_nobody';
const hub = await startHub('someone/gated', writeTinyModel(join(root, 'tiny')), { token: TOKEN });
process.env['VERA_HOME'] = home;
process.env['HF_ENDPOINT'] = hub.endpoint;
delete process.env['HF_TOKEN'];
const { catalog, queue, submit, reached, events, close } = await openQueue(home);
after(async () => {
  await close();
  hub.close();
});
const spec = { kind: 'download', base: 'someone/gated' };

/** Whether any file below a folder holds the text. */
const holds = (folder: string, text: string): boolean =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).some((name) => {
    const path = join(folder, name);
    return statSync(path).isFile() && readFileSync(path).includes(text);
  });

test('a gated model asks for a token, and the token is for that job alone', async () => {
  const refused = await reached(await submit(spec), 'failed');
  assert.deepEqual(refused.error?.remedy, { do: 'giveHubToken' });
  assert.match(refused.error.message, /accept its terms at http/);

  const training = tinyTraining(tinyModel(root));
  const planned = { ...training, settings: { ...training.settings, base: 'someone/gated' } };
  const [without, withToken] = [
    await queue.plan({ specs: [planned], read: false }),
    await queue.plan({ specs: [planned], read: false, hubToken: TOKEN }),
  ].map(({ plans }) => plans[0]!);
  assert.ok('error' in without! && without.error.remedy?.do === 'giveHubToken');
  assert.ok('memoryBytes' in withToken!);

  await queue.retry({ job: refused.id, hubToken: TOKEN }, ACTOR);
  const done = await reached(refused, 'succeeded');
  assert.equal(done.result?.['dir'], join(home, 'cache', 'hub', 'someone', 'gated'));
  assert.ok(!JSON.stringify(events).includes(TOKEN));
  await catalog.close();
  assert.equal(holds(home, TOKEN), false);
});
