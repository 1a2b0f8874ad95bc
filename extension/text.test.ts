import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastPart, oneLine, parametersText, percentText, plural } from './text.ts';

test('figures as people read them', () => {
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
