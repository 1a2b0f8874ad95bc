// Slow: a queue with real workers and an engine of the bundled model.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { answerOf } from '../../test/engine.ts';
import { ACTOR, openQueue, tinyModel, tinyTraining } from '../../test/queue.ts';
import { DEMO } from '../../test/served.ts';
import { until } from '../../test/serving.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { cacheBudgets, engineBytes } from './engineMemory.ts';
import { type Engines, openEngines } from './engines.ts';

const root = temporaryFolder();
process.env['VERA_HOME'] = join(root, 'home');
const request = { prompt: { text: 'def add(a, b):\n' }, maxTokens: 3 };

test('caches share what is left, within limits; a base that is not here has no estimate', async () => {
  assert.deepEqual(cacheBudgets(600e6), { prefixBytes: 200e6, bankBytes: 200e6, rowBytes: 200e6 });
  assert.deepEqual(cacheBudgets(-5), cacheBudgets(0));
  assert.ok(cacheBudgets(0).bankBytes > 1e6 && cacheBudgets(Infinity).bankBytes < 2e9);
  const [int8, fp32] = await Promise.all(['int8', 'fp32'].map((format) => engineBytes(DEMO, format, root)));
  assert.ok(int8! > 150e6 && fp32! > int8! && fp32! < 400e6, `${int8} and ${fp32}`);
  assert.equal(await engineBytes('somebody/a-model', 'int8', root), 0);
  assert.equal(await engineBytes(join(root, 'nothing'), 'int8', root), 0);
});

test(
  'jobs wait for an engine that answers, an idle one gives way, and one that does not fit says so',
  { timeout: 90_000 },
  async () => {
    const logged: string[] = [];
    const log = pino({ level: 'info' }, { write: (line) => void logged.push(line) });
    const need = await engineBytes(DEMO, 'int8', root);
    const controller = new AbortController();
    const training = tinyTraining(tinyModel(root), { steps: 100_000, evalEvery: 100_000 });
    const made = await openQueue(join(root, 'home'), {
      memoryBudgetBytes: 320e6, // enough for either of them
      engines: () => engines.memory(),
      endEngines: () => engines.endIdle(),
    });
    const { queue, catalog } = made;
    const engines: Engines = openEngines({
      ...{ catalog, log, precision: 'int8', threads: 1, givesWayMs: 400, memoryBytes: need },
      roomBytes: () => queue.engineRoom(),
    });
    try {
      const ask = (): Promise<unknown> => answerOf(engines.submit(DEMO, request, new AbortController().signal));
      await ask();
      const [{ stats }] = (await engines.states()) as [Awaited<ReturnType<Engines['states']>>[0]];
      assert.deepEqual([stats.prefixCache.budgetBytes, stats.bank.budgetBytes], [16e6, 16e6]);

      const answers = (async () => {
        while (!controller.signal.aborted)
          await answerOf(engines.submit(DEMO, { ...request, maxTokens: 50, ignoreEnd: true }, controller.signal));
      })().catch((error: unknown) => assert.equal((error as { code: string }).code, 'cancelled'));
      const job = await made.submit(training);
      let why = '';
      for (const end = Date.now() + 20_000; !why.includes('answer requests');) {
        assert.ok(Date.now() < end, `it waits because ${why}`);
        why = (await made.reached(job, 'queued')).waitingFor ?? '';
      }
      assert.match(why, /needs \S+ MB of memory, \S+ MB are free; models that answer requests use \S+ MB/);
      assert.deepEqual(
        engines.memory().map(({ idle }) => idle),
        [false],
      );

      controller.abort();
      await answers;
      await made.reached(job, 'running');
      await until('the engine gave way', () => logged.some((line) => line.includes('a job needs its memory')));
      assert.deepEqual(engines.memory(), []);

      await assert.rejects(ask(), {
        code: 'runtime',
        message: /needs about \S+ MB of memory to answer, and \S+ MB are left beside the running jobs: wait/,
      });
      await queue.cancel({ job: job.id }, ACTOR);
      await made.reached(job, 'cancelled');
      await until('its worker has ended', () => queue.engineRoom() > need, 20_000);
      await ask();
    } finally {
      controller.abort();
      await engines.stop();
      await made.close();
    }
  },
);
