import { bytesText, durationText } from '../protocol/text.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobResult } from './jobResult.ts';
import { tableOf } from './listing.ts';
import { plain } from './output.ts';
import { dateText, table } from './table.ts';

test('columns to the left and to the right, no spaces at the end', () => {
  const rows = [['name', 'n', 'what'], ['a', '10', 'x'], ['longer', '9', '']]; // prettier-ignore
  assert.equal(table(rows, [0, 2]), 'name     n  what\na       10  x\nlonger   9');
  assert.equal(table(rows), 'name     n  what\na       10     x\nlonger   9');
});

test('what a terminal would obey does not come through a list', () => {
  const text = tableOf([{ name: '\u001b[2Ja\nb\u202e' }], [{ head: 'name', cell: ({ name }) => name }]);
  assert.equal(text, 'name\n[2Ja b');
  assert.equal(plain('\u0007one\r\n two\u009b'), 'one  two');
});

test('dates in the time of this place, amounts in units', () => {
  assert.equal(dateText(new Date(2026, 2, 1, 14, 5, 59).getTime()), '2026-03-01 14:05');
  assert.deepEqual([bytesText(999), bytesText(1500), bytesText(2e9)], ['999 B', '1.5 kB', '2.0 GB']);
  assert.deepEqual([durationText(0.25), durationText(90), durationText(7500)], ['250 ms', '2 min', '2 h 5 min']);
});

test("a job's result in a line", () => {
  const result = { event: 'done', out: '/a\nb', loss: 1.23456, tokens: 12_345, none: null };
  assert.equal(jobResult(result), 'out /a b, loss 1.235, tokens 12,345');
});
