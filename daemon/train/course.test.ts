import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RunEvent, RunEventOf } from '../protocol/runEvents.ts';
import { phaseSeconds, runSeconds } from '../protocol/runTime.ts';
import { Course } from './course.ts';

const time = { base: 8, data: 2, copies: 0, evaluation: 8, evalEvery: 10, samples: 2, graphs: 3, step: 1, end: 1 };

/** A course with a clock that the test sets, and what it told. */
function started() {
  let seconds = 0;
  const told: RunEventOf<'progress'>[] = [];
  const emit = (event: RunEvent): void => {
    if (event.event === 'progress') told.push(event);
  };
  const course = new Course(emit, 0, () => 1000 * seconds);
  return { course, told, pass: (more: number) => void (seconds += more) };
}

/** A run of 20 steps with two evaluations, in which everything takes `factor` times its estimate. */
function run(
  factor: number,
  { course, told, pass }: ReturnType<typeof started>,
): Pick<RunEventOf<'progress'>, 'text' | 'fraction' | 'secondsLeft'>[] {
  const steps: typeof told = [];
  pass(2 * factor);
  course.plan(phaseSeconds(time, 20), true, { data: 1 });
  course.begin('base', 'converting the base');
  for (let i = 1; i <= 8; i++) {
    pass(factor);
    course.reached('base', i / 8, 'converting the base');
  }
  course.begin('measuringBase', 'measuring the base');
  for (let i = 1; i <= 8; i++) {
    pass(factor);
    course.reached('measuringBase', i / 8, `measuring the base, ${i} of 8`);
  }
  pass(2 * factor);
  course.end('samplesBefore');
  pass(3 * factor);
  for (let step = 1; step <= 20; step++) {
    pass(factor);
    told.push({ event: 'progress', text: `step ${step}`, ...course.move('steps', (3 + step) / 23) });
    if (step % 10 > 0) continue;
    for (let i = 1; i <= 8; i++) {
      pass(factor);
      course.reached('evaluations', (step / 10 - 1) / 2 + i / 16, `measuring, ${i} of 8`);
    }
  }
  course.begin('samplesAfter', 'writing samples');
  pass(2 * factor);
  course.end('samplesAfter');
  course.begin('end', 'saving');
  return told.concat(steps);
}

test('the phases add up to the time of the run, with an evaluation after the last step', () => {
  assert.equal(runSeconds(time, 20), 8 + 2 + 8 + 2 + (3 + 20) + 16 + 2 + 1);
  assert.equal(phaseSeconds(time, 21).evaluations, 24);
  // Without an interval of its own, a run has ten evaluations, but not after fewer than 50 steps.
  assert.equal(phaseSeconds({ ...time, evalEvery: null }, 1000).evaluations, 80);
  assert.equal(phaseSeconds({ ...time, evalEvery: null }, 120).evaluations, 24);
});

test('a run as fast as its estimate moves evenly and ends in time', () => {
  const told = run(1, started());
  const all = runSeconds(time, 20);
  for (const { secondsLeft, fraction } of told)
    assert.ok(Math.abs(fraction - (all - secondsLeft!) / all) < 0.002, `${fraction} with ${secondsLeft} s left`);
  assert.deepEqual([told[0]!.text, told[0]!.secondsLeft], ['converting the base', all - 2]);
  assert.ok(Math.abs(told.at(-1)!.secondsLeft! - 1) < 1e-6);
});

test('neither the share that is done nor the time left ever goes back, however wrong the estimate was', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.1, max: 3, noNaN: true }), (factor) => {
      const told = run(factor, started());
      for (const [i, { fraction, secondsLeft }] of told.entries()) {
        const before = told[i - 1];
        assert.ok(before === undefined || fraction >= before.fraction);
        assert.ok(fraction >= 0 && fraction < 1);
        // A run that takes much longer than it said has to say so.
        if (factor < 1.4) assert.ok(before === undefined || secondsLeft! <= before.secondsLeft!);
      }
    }),
  );
});

test('what was measured corrects the time left', () => {
  const told = run(0.5, started());
  const middle = told.find(({ text }) => text === 'step 10')!;
  // 10 steps, two evaluations, the samples and the end are left: 29 s by the estimate, half of that in truth.
  assert.ok(middle.secondsLeft! > 13 && middle.secondsLeft! < 17, String(middle.secondsLeft));
});

test('a download, whose speed nobody knows, moves, and the rest of the run follows', () => {
  const { course, told, pass } = started();
  course.begin('base', 'opening the base');
  for (let i = 1; i <= 4; i++) {
    pass(10);
    course.reached('base', i / 4, 'downloading the base');
  }
  course.plan(phaseSeconds({ ...time, base: 0 }, 20), true, { base: 1, data: 1 });
  course.begin('measuringBase', 'measuring the base');
  assert.deepEqual(told.slice(0, 5).map(({ secondsLeft }) => secondsLeft), Array(5).fill(undefined)); // prettier-ignore
  for (const [i, { fraction }] of told.entries()) assert.ok(i === 0 || fraction > told[i - 1]!.fraction);
  assert.ok(told.at(-1)!.secondsLeft! > 50);
});

test('a resumed run begins where the earlier attempt stopped', () => {
  const { course, told, pass } = started();
  pass(1);
  course.plan({ ...phaseSeconds(time, 20), base: 0 }, true, { base: 1, data: 1, measuringBase: 1, samplesBefore: 1, steps: 0.5, evaluations: 0.5 }); // prettier-ignore
  course.begin('steps', 'training, step 11 of 20');
  assert.ok(told[0]!.fraction > 0.4 && told[0]!.fraction < 0.6, String(told[0]!.fraction));
});
