// Slow: trains in processes of their own and kills them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { writeTinyModel, writeTinyText } from '../../test/fixtures/train/tiny.ts';
import { seededRandom } from '../data/random.ts';
import { VeraError } from '../protocol/errors.ts';
import { listCheckpoints, loadCheckpoint } from './checkpoint.ts';
import type { RunEvent } from '../protocol/runEvents.ts';
import { checkpointsOf, metricsFile } from './folder.ts';
import { completeSettings, type GivenSettings } from './settings.ts';
import { startTraining } from './supervise.ts';

const root = mkdtempSync(join(tmpdir(), 'supervise-'));
after(() => rmSync(root, { recursive: true }));
process.env['VERA_HOME'] = join(root, 'home');
const base = writeTinyModel(join(root, 'tiny'));
const data = writeTinyText(join(root, 'text.jsonl'), 80);

const STEPS = 30;
const settingsOf = (out: string, given: Partial<GivenSettings> = {}) =>
  completeSettings({
    ...{
      data,
      base,
      out: join(root, out),
      length: 48,
      batch: 2,
      rank: 8,
      threads: 1,
      sampleTokens: 4,
      steps: STEPS,
      evalEvery: 6,
      heldOut: 0.1,
    },
    checkpointEvery: 4,
    dropout: 0.1,
    ...given,
  });

const bytes = (vector: Float32Array): Buffer => Buffer.from(vector.buffer);
function contents(out: string): { theta: Buffer; mean: Buffer; variance: Buffer; metrics: string; adapter: Buffer } {
  const { theta, mean, variance } = loadCheckpoint(listCheckpoints(checkpointsOf(out))[0]!.file).vectors;
  const metrics = readFileSync(metricsFile(out), 'utf8');
  return {
    theta: bytes(theta!),
    mean: bytes(mean!),
    variance: bytes(variance!),
    metrics,
    adapter: readFileSync(join(out, 'adapter_model.safetensors')),
  };
}

const killed = (error: unknown): boolean =>
  error instanceof VeraError &&
  error.code === 'runtime' &&
  /after step \d+: .*SIGKILL.*\. (Resume the run from the checkpoint of step \d+|There is no checkpoint yet)/.test(
    error.message,
  );

test('a run that is killed again and again and resumed gives bit-identical results to an uninterrupted run', async () => {
  const whole = settingsOf('whole');
  await startTraining(whole, false, () => undefined).ended;
  const random = seededRandom('kills');
  let kills = 0;
  for (let round = 0; round < 4; round++) {
    const settings = settingsOf(`killed-${round}`);
    for (let over = false, first = true; !over; first = false) {
      // Some die at an event (a step, an evaluation, the write of a checkpoint), some at a moment between.
      const at = 1 + Math.floor(random() * 14);
      let seen = 0;
      const training = startTraining(settings, !first, () => {
        if (++seen !== at) return;
        if (random() < 0.5) training.kill();
        else void setTimeout(random() * 30).then(() => training.kill());
      });
      try {
        await training.ended;
        over = true;
      } catch (error) {
        assert.ok(killed(error), String(error));
        kills++;
      }
      if (kills > 200) assert.fail('it never comes to its end');
      // A run that is killed before its first new checkpoint gets nowhere: let it through after a while.
      if (!over && random() < 0.3) {
        await startTraining(settings, true, () => undefined).ended;
        over = true;
      }
    }
    assert.deepEqual(contents(settings.out), contents(whole.out), `round ${round}`);
  }
  assert.ok(kills >= 4, `${kills} kills`);
});

test('a stopped run ends after the current step, with a checkpoint of that step', async () => {
  const settings = settingsOf('stopped');
  const events: RunEvent[] = [];
  const training = startTraining(settings, false, (event) => {
    events.push(event);
    if (event.event === 'step' && event.step === 7) training.stop();
  });
  await training.ended;
  const last = events.at(-1);
  assert.equal(last?.event, 'stopped');
  assert.equal(listCheckpoints(checkpointsOf(settings.out))[0]!.step, last.step);
  assert.ok(last.step < STEPS);
});

test('an error of the worker rejects the promise of the caller', async () => {
  const training = startTraining(settingsOf('bad', { targets: 'nothing' }), false, () => undefined);
  await assert.rejects(
    training.ended,
    (error: unknown) =>
      error instanceof VeraError && error.code === 'usage' && /match no linear layer/.test(error.message),
  );
});

test('when the parent is killed the worker ends too, and the run can be resumed at once', async () => {
  const settings = settingsOf('orphan', { steps: 100_000, evalEvery: 1000, schedule: 'constant' });
  const script = `import { startTraining } from ${JSON.stringify(new URL('./supervise.ts', import.meta.url).href)};
    const training = startTraining(${JSON.stringify(settings)}, false, (event) => { if (event.event === 'step' && event.step === 9) console.log(training.pid); });`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [pid] = (await once(parent.stdout, 'data')) as [Buffer];
  parent.kill('SIGKILL');
  const resumed: number[] = [];
  const training = startTraining(settings, true, (event) => {
    if (event.event !== 'step') return;
    resumed.push(event.step);
    if (resumed.length === 3) training.stop();
  });
  await training.ended;
  assert.ok(resumed[0]! >= 9);
  // The system may still list it for a while, until somebody has asked how it ended.
  const isThere = (): boolean => {
    try {
      return process.kill(Number(pid.toString()), 0);
    } catch {
      return false;
    }
  };
  for (const end = Date.now() + 20_000; isThere(); await setTimeout(50))
    assert.ok(Date.now() < end, 'it is still there');
});
