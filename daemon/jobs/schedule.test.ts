import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QueuedJob } from '../catalog/jobs.ts';
import { machineMemory } from './memory.ts';
import { engineRoom, fits, schedule, type Situation } from './schedule.ts';

const GB = 1e9;
const job = (id: number, more: Partial<QueuedJob> = {}): QueuedJob => ({
  ...{ id, kind: 'train', memoryBytes: GB, waitingFor: null, needs: [] },
  ...more,
});
const machine = (more: Partial<Situation> = {}): Situation => ({
  ...{
    freeBytes: 8 * GB,
    totalBytes: 16 * GB,
    running: [],
    engines: [],
    maxRunning: 2,
    budgetBytes: undefined,
    draining: false,
  },
  resting: new Set(),
  ...more,
});
const running = (memoryBytes: number | null, rssBytes = 0) => ({ kind: 'train', memoryBytes, rssBytes }) as const;
/** For each job: 's' if it starts, else why not. */
const decide = (jobs: QueuedJob[], situation: Situation): string[] =>
  schedule(jobs, situation).map((one) => (one.do === 'start' ? 's' : `${one.do}: ${one.why}`));

test('starts as many jobs as may run at once, in their order', () => {
  assert.deepEqual(decide([job(1), job(2), job(3)], machine()), [
    's',
    's',
    'wait: 2 jobs run already, and no more may run at once',
  ]);
  assert.deepEqual(decide([job(1)], machine({ running: [running(GB), running(GB)] })), [
    'wait: 2 jobs run already, and no more may run at once',
  ]);
});

test('jobs that do not compute have their own limit', () => {
  const download = job(9, { kind: 'download', memoryBytes: null });
  assert.deepEqual(decide([job(1), download], machine({ running: [running(GB), running(GB)] })), [
    'wait: 2 jobs run already, and no more may run at once',
    's',
  ]);
  const many = Array.from({ length: 6 }, (_, i) => job(i, { kind: 'export', memoryBytes: null }));
  assert.equal(decide(many, machine()).filter((one) => one === 's').length, 4);
});

test('a job waits if the budget or the free memory, less what running workers will still take, is too small', () => {
  assert.deepEqual(decide([job(1), job(2)], machine({ budgetBytes: 1.5 * GB })), [
    's',
    'wait: needs 1.0 GB of memory, 500 MB are free',
  ]);
  assert.deepEqual(decide([job(1), job(2)], machine({ budgetBytes: 2 * GB })), ['s', 's']);
  const free = { freeBytes: 2.5 * GB };
  assert.deepEqual(decide([job(3)], machine({ ...free, running: [running(2 * GB, 0.2 * GB)] })), [
    'wait: needs 1.0 GB of memory, 700 MB are free',
  ]);
  assert.deepEqual(decide([job(3)], machine({ ...free, running: [running(2 * GB, 2 * GB)] })), ['s']);
});

test('engines that answer count as jobs do, and idle ones give way, but only if that is needed', () => {
  const engine = (idle: boolean) => ({ memoryBytes: 2 * GB, rssBytes: GB, idle });
  const of = (idle: boolean, more: Partial<Situation>) => machine({ engines: [engine(idle)], ...more });
  assert.deepEqual(decide([job(1), job(2)], of(false, { freeBytes: 2.5 * GB })), [
    's',
    'wait: needs 1.0 GB of memory, 500 MB are free; models that answer requests use 1.0 GB',
  ]);
  assert.deepEqual(decide([job(1), job(2)], of(false, { budgetBytes: 3.5 * GB })), [
    's',
    'wait: needs 1.0 GB of memory, 500 MB are free; models that answer requests use 1.0 GB',
  ]);
  const ended = (situation: Situation): boolean[] =>
    schedule([job(1), job(2)], situation).map((one) => one.do === 'start' && one.endEngines);
  assert.deepEqual(ended(of(true, {})), [false, false]);
  assert.deepEqual(ended(of(true, { freeBytes: 1.5 * GB })), [false, true]);
  assert.deepEqual(ended(of(true, { budgetBytes: 2.5 * GB })), [true, false]); // it is ended once

  assert.equal(engineRoom(machine()), Infinity);
  assert.equal(engineRoom(machine({ budgetBytes: 6 * GB, engines: [engine(true)] })), 4 * GB);
  assert.equal(engineRoom(machine({ running: [running(2 * GB, GB)], engines: [engine(false)] })), 6 * GB);
});

test('small jobs pass a large one that waits for other programs, but not one that waits for our jobs', () => {
  const large = job(1, { memoryBytes: 6 * GB });
  const ours = machine({ freeBytes: 4 * GB, maxRunning: 3, running: [running(3 * GB, 3 * GB)] });
  assert.deepEqual(decide([large, job(2)], ours), [
    'wait: needs 6.0 GB of memory, 4.0 GB are free',
    'wait: job 1 comes first',
  ]);
  const others = machine({ freeBytes: 2 * GB, maxRunning: 3 });
  assert.deepEqual(decide([large, job(2)], others), ['wait: needs 6.0 GB of memory, 2.0 GB are free', 's']);
});

test('a job that can never fit fails with the numbers and what to change', () => {
  const [machineSays] = decide([job(1, { memoryBytes: 20 * GB })], machine());
  assert.match(
    machineSays!,
    /^fail: it needs 20.0 GB of memory, more than the 16.0 GB that this machine has: choose a smaller batch/,
  );
  assert.match(
    fits(3 * GB, machine({ budgetBytes: 2 * GB })).never!,
    /more than the 2.0 GB that jobs may take .* or raise the budget$/,
  );
});

test('a job waits for the jobs it needs, and fails when one of them fails', () => {
  const after = (state: 'running' | 'failed' | 'cancelled') => job(5, { needs: [{ id: 3, state }] });
  assert.deepEqual(decide([after('running')], machine()), ['wait: job 3 comes first']);
  assert.match(decide([after('failed')], machine())[0]!, /^fail: job 3, which it needs, failed; retry/);
  assert.match(decide([after('cancelled')], machine())[0]!, /^fail: job 3, which it needs, was cancelled/);
});

test('nothing starts while the daemon drains, or a job rests after a crash', () => {
  assert.match(decide([job(1)], machine({ draining: true }))[0]!, /^wait: this daemon is about to end/);
  assert.match(decide([job(1), job(2)], machine({ resting: new Set([1]) }))[0]!, /^wait: its worker ended/);
});

test('the memory limits of a container count, in both versions of control groups', () => {
  const files =
    (prefix: Record<string, string>) =>
    (file: string): string => {
      const text = prefix[file];
      if (text === undefined) throw new Error('ENOENT');
      return text;
    };
  const two = files({
    '/sys/fs/cgroup/memory.max': '1000000\n',
    '/sys/fs/cgroup/memory.current': '800000\n',
    '/sys/fs/cgroup/memory.stat': 'anon 1\ninactive_file 300000\n',
  });
  assert.deepEqual(machineMemory(two), { freeBytes: 500_000, totalBytes: 1_000_000 });
  const one = files({
    '/sys/fs/cgroup/memory/memory.limit_in_bytes': '2000000',
    '/sys/fs/cgroup/memory/memory.usage_in_bytes': '500000',
    '/sys/fs/cgroup/memory/memory.stat': 'inactive_file 5\ntotal_inactive_file 100000\n',
  });
  assert.deepEqual(machineMemory(one), { freeBytes: 1_600_000, totalBytes: 2_000_000 });
  const unlimited = machineMemory(
    files({ '/sys/fs/cgroup/memory.max': 'max\n', '/sys/fs/cgroup/memory.current': '1' }),
  );
  assert.ok(unlimited.totalBytes > 1e8 && unlimited.freeBytes > 0);
});
