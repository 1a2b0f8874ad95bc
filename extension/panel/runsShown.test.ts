import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from '../../daemon/protocol/jobs.ts';
import { runsShown } from './runsShown.ts';

const job = (id: number, data: string, base = 'small'): Job =>
  ({ id, kind: 'train', title: '', spec: { kind: 'train', settings: { data, base } } }) as unknown as Job;
const ids = (jobs: readonly Job[]): number[] => jobs.map(({ id }) => id);

test('the run in focus and those on its data and base come before newer ones', () => {
  const all = [job(9, 'b'), job(8, 'b'), job(7, 'a', 'large'), job(5, 'a'), job(4, 'b'), job(2, 'a')];
  assert.deepEqual(ids(runsShown(all, job(5, 'a'), 3)), [9, 5, 2]);
  assert.deepEqual(ids(runsShown(all, job(5, 'a'), 99)), ids(all));
  assert.deepEqual(ids(runsShown(all, job(1, 'a'), 3)), [5, 2, 1]); // an old one that the list no longer has
  assert.deepEqual(runsShown([], undefined, 3), []);
});
