import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesText, durationText, lastPart, oneLine, parametersText, percentText, plural } from './text.ts';

test('figures as people read them', () => {
  assert.deepEqual([0, 999, 1000, 24_300, 123_456, 1_840_000_000].map(bytesText), [
    '0 B',
    '999 B',
    '1.0 kB',
    '24 kB',
    '123 kB',
    '1.8 GB',
  ]);
  assert.deepEqual([0.2, 89, 100, 3600, 5400, 4_800 + 3600, 260_000].map(durationText), [
    '1 s',
    '89 s',
    '2 min',
    '60 min',
    '1 h 30 min',
    '2 h 20 min',
    '3 days',
  ]);
  assert.deepEqual([950, 30_720, 134_515_008, 1.2e9].map(parametersText), [
    '950 parameters',
    '31 k parameters',
    '135 M parameters',
    '1.2 B parameters',
  ]);
  assert.deepEqual([0, 0.4199, 1, 7].map(percentText), ['0%', '41%', '100%', '100%']);
  assert.deepEqual([plural(1, 'row'), plural(2000, 'row')], ['1 row', '2,000 rows']);
});

test('paths, ids and names in one line', () => {
  assert.deepEqual(['/a/b/notes.jsonl', 'C:\\data\\x.csv', 'org/model', 'plain'].map(lastPart), [
    'notes.jsonl',
    'x.csv',
    'model',
    'plain',
  ]);
  assert.equal(oneLine('a\n\u202Eb\u0000 c '), 'a b c');
});
