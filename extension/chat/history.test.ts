import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latestTurns } from './history.ts';

test('the latest whole turns that fit', () => {
  const turns = Array.from({ length: 10 }, (_, i) => [`question ${i}`, 'a'.repeat(90)] as const);
  const said = latestTurns(turns, 160);
  assert.deepEqual(
    said.map(({ role, content }) => [role, content.slice(0, 10)]),
    [
      ...[7, 8, 9].flatMap((i) => [
        ['user', `question ${i}`.slice(0, 10)],
        ['assistant', 'a'.repeat(10)],
      ]),
    ],
  );
  assert.deepEqual(latestTurns([['q', 'a'.repeat(1000)]], 100), []);
  assert.deepEqual(latestTurns([], 100), []);
});
