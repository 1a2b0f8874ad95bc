/** Messages of a worker that reach the catalog although nothing follows them. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { ACTOR, tinyModel, tinyTraining } from '../../test/queue.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { readJob } from '../catalog/jobs.ts';
import { type Catalog, openCatalog } from '../catalog/open.ts';
import { VeraError } from '../protocol/errors.ts';
import { submit } from '../protocol/jobs.ts';
import { collectIncoming } from './incoming.ts';
import { createQueue } from './queue.ts';

const root = temporaryFolder();
process.env['VERA_HOME'] = join(root, 'home');
const catalog = await openCatalog(join(root, 'home', 'catalog', 'catalog.db'));
after(() => catalog.close());
const log = pino({ level: 'silent' });
const spec = tinyTraining(tinyModel(root));
const job = await createQueue({ catalog, log }).submit(submit.params.parse({ spec }), ACTOR);

const says = (text: string) => ({ type: 'event', event: { event: 'progress', text, fraction: 0.5 } }) as const;
const shown = async (): Promise<string | undefined> => (await readJob(catalog.db, job.id)).progress.text;
async function isShown(text: string): Promise<void> {
  for (const until = performance.now() + 5000; (await shown()) !== text; await sleep(10))
    if (performance.now() > until) assert.fail(`${String(await shown())} is shown, not ${text}`);
}

test('a message that comes while others are written is written too, although none comes after it', async () => {
  const change: Catalog['change'] = async (work) => {
    const result = await catalog.change(work);
    await sleep(300);
    return result;
  };
  const incoming = collectIncoming({ catalog: { ...catalog, change }, log }, job);
  incoming.add(says('first'));
  await isShown('first');
  incoming.add(says('second'));
  await isShown('second');
  incoming.end();
});

test('what the disk refused is tried again, although nothing comes after it', async () => {
  let failures = 0;
  const change: Catalog['change'] = async (work) =>
    catalog.change(async (given) => {
      const result = await work(given);
      if (failures++ === 0) throw new VeraError('io', 'the disk is full');
      return result;
    });
  const incoming = collectIncoming({ catalog: { ...catalog, change }, log }, job);
  incoming.add(says('third'));
  await isShown('third');
  assert.equal(failures, 2);
  incoming.end();
});
