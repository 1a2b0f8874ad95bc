import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlanAnswer } from '../../daemon/protocol/jobs.ts';
import { trainPlan } from '../../daemon/protocol/plans.ts';
import type { DaemonLink } from '../daemon/link.ts';
import type { Draft } from './draft.ts';
import { createPlanner } from './planner.ts';

const draft = (preset: Draft['preset']): Draft => ({
  data: '/d/rows.jsonl',
  base: { spec: '/m', label: 'm', description: '' },
  preset,
  changes: {},
  activate: false,
  described: { groups: [], methods: [{ name: 'vera', label: 'VeRA', settings: [] }], rowFormats: [] } as never,
});
const planned = (steps: number): PlanAnswer => ({
  ...{ memoryBytes: 1e9, warning: null },
  details: {
    ...{ trainableParameters: 1, adaptedLayers: 1 },
    data: { format: 'f', rows: 9, heldOutRows: 0, skipped: 0, firstSkipped: null, steps },
  },
});

/** A daemon that answers what `answer` says, and how often it was asked. */
function daemonWith(
  answer: (specs: unknown[], onProgress: (value: unknown) => void, signal?: AbortSignal) => Promise<PlanAnswer[]>,
): { daemon: DaemonLink; asked: number[] } {
  const asked: number[] = [];
  const call = async (
    _: unknown,
    { specs }: { specs: unknown[] },
    { onProgress, signal }: { onProgress: (value: unknown) => void; signal?: AbortSignal },
  ) => {
    asked.push(specs.length);
    return { plans: await answer(specs, onProgress, signal) };
  };
  return { daemon: { call, protocol: () => Promise.resolve({ trainPlan }) } as never, asked };
}

test('all presets are planned with one question, and each is known as soon as it comes', async () => {
  const known: (number | undefined)[] = [];
  const { daemon, asked } = daemonWith((specs, onProgress) => {
    onProgress({ index: 1, plan: planned(500) });
    return Promise.resolve(specs.map(() => planned(500)));
  });
  const planner = createPlanner({ daemon });
  const drafts = [draft('quick'), draft('balanced'), draft('thorough')];
  const answers = await planner.plan(drafts, () =>
    known.push(drafts.filter((one) => planner.answer(one) !== undefined).length),
  );
  assert.deepEqual(asked, [3]);
  assert.equal(answers.length, 3);
  assert.ok(answers.every((answer) => 'cost' in answer));
  assert.deepEqual(await planner.plan([drafts[1]!]), [answers[1]]);
  assert.deepEqual(asked, [3], 'what is planned was asked for again');
});

test('a fault is an answer, and few rows get the least steps of the preset', async () => {
  const { daemon } = daemonWith(() =>
    Promise.resolve([{ error: { code: 'data', message: 'line 2: no' } }, planned(3)]),
  );
  const [wrong, few] = await createPlanner({ daemon }).plan([draft('quick'), draft('balanced')]);
  assert.deepEqual(wrong, { fault: 'line 2: no' });
  assert.ok(few && 'spec' in few && few.spec.settings['steps'] === 100);
});

test('what is ended can be asked for again; what fails is a fault of all', async () => {
  const { daemon, asked } = daemonWith(
    (_, __, signal) =>
      new Promise((resolve, reject) => {
        if (signal === undefined || asked.length > 1) return resolve([planned(1)]);
        const fail = (): void => reject(Object.assign(new Error('no'), { code: 'cancelled' }));
        if (signal.aborted) fail();
        else signal.addEventListener('abort', fail);
      }),
  );
  const planner = createPlanner({ daemon });
  const ended = planner.plan([draft('quick')]);
  planner.cancel();
  await assert.rejects(ended);
  assert.ok('cost' in (await planner.plan([draft('quick')]))[0]!);
  assert.deepEqual(asked, [1, 1]);
  const broken = createPlanner({ daemon: daemonWith(() => Promise.reject(new Error('gone'))).daemon });
  assert.deepEqual(await broken.plan([draft('quick'), draft('balanced')]), [{ fault: 'gone' }, { fault: 'gone' }]);
});
