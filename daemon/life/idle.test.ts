import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idleTime } from './idle.ts';

test('over after the whole time without work; work and activity begin it anew', () => {
  let now = 1e9;
  let busy = true;
  const idle = idleTime(
    1000,
    () => busy,
    () => now,
  );
  assert.equal(idle.isOver(), false);
  assert.equal(idle.at(), null);
  now += 5000;
  assert.equal(idle.isOver(), false);
  busy = false;
  assert.equal(idle.isOver(), false);
  now += 999;
  assert.equal(idle.isOver(), false);
  now += 1;
  assert.equal(idle.isOver(), true);
  idle.touch();
  assert.equal(idle.isOver(), false);
  now += 500;
  busy = true;
  assert.equal(idle.isOver(), false);
  busy = false;
  now += 900;
  assert.equal(idle.isOver(), false);
});

test('setting the clock of the machine changes nothing', (t) => {
  let now = 0;
  const idle = idleTime(
    1000,
    () => false,
    () => now,
  );
  t.mock.timers.enable({ apis: ['Date'], now: 1e12 });
  assert.equal(idle.isOver(), false);
  assert.equal(idle.at(), 1e12 + 1000);
  t.mock.timers.setTime(2e12);
  assert.equal(idle.isOver(), false);
  now = 400;
  assert.equal(idle.at(), 2e12 + 600);
});
