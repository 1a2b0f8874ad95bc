import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countWords, differences } from './differences.ts';

const shown = (text: string, other: string): string =>
  differences(text, other)
    .map(({ text: piece, same }) => (same ? piece : `[${piece}]`))
    .join('');

test('words that the other text does not have', () => {
  assert.equal(shown('it listens on port 80', 'it listens on port 70'), 'it listens on port[ 80]');
  assert.equal(shown('a b c', 'b c d'), '[a] b c');
  assert.equal(shown('same', 'same'), 'same');
  assert.equal(shown('', 'x'), '');
  assert.equal(shown('x', ''), '[x]');
  assert.equal(shown('x\n  y', 'x y'), 'x\n  y');
  assert.deepEqual(countWords(differences('it listens on port 80', 'port 70')), { different: 4, all: 5 });
});

test('the pieces together are the text, and equal texts do not differ', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n'), maxLength: 40 });
  fc.assert(
    fc.property(text, text, (one, other) => {
      const pieces = differences(one, other);
      assert.equal(pieces.map((piece) => piece.text).join(''), one);
      assert.ok(differences(one, one).every(({ same }) => same));
    }),
  );
});

test('long texts are compared in a moment', () => {
  const long = Array.from({ length: 20_000 }, (_, i) => `w${i % 7}`).join(' ');
  const start = performance.now();
  assert.equal(countWords(differences(long, `${long} x`)).all, 20_000);
  assert.ok(performance.now() - start < 2000);
});
