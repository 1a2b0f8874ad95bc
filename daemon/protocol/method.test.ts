import assert from 'node:assert/strict';
import { test } from 'node:test';
import { submit } from './jobs.ts';
import { isRepeatable } from './method.ts';
import { METHODS } from './registry.ts';

test('what reads may be repeated, what changes something may not', () => {
  const repeatable = (name: string): boolean => isRepeatable(METHODS.get(name)!, {});
  for (const name of ['jobs.list', 'runs.samples', 'adapters.learned', 'daemon.status'])
    assert.ok(repeatable(name), name);
  for (const name of ['jobs.retry', 'adapters.delete', 'projects.create', 'daemon.stop'])
    assert.ok(!repeatable(name), name);
});

test('a submission may be repeated only with a key', () => {
  assert.equal(isRepeatable(submit, {}), false);
  assert.equal(isRepeatable(submit, { key: 'one' }), true);
});
