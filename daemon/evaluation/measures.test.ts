import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keptCharacters, scoreOf, similarity } from './measures.ts';

test('blanks at the ends of lines make no difference', () => {
  assert.deepEqual(scoreOf('a = 1;  \n', 'a = 1;'), { exact: true, similarity: 1, kept: 4, characters: 4 });
  assert.equal(scoreOf('  a = 1;', 'a = 1;').exact, false);
});

test('similarity is the Levenshtein ratio', () => {
  assert.equal(similarity('kitten', 'sitting'), 1 - 3 / 7);
  assert.equal(similarity('', ''), 1);
  assert.equal(similarity('abc', ''), 0);
});

test('kept characters are those of whole words in the same order', () => {
  assert.equal(keptCharacters('return total + 1;', 'return total - 1;'), 'returntotal1;'.length);
  assert.equal(keptCharacters('counter', 'country'), 0); // another word
  assert.equal(keptCharacters('b, a', 'a, b'), 1); // one of the three
  assert.equal(keptCharacters('', 'a'), 0);
});

test('a suggestion keeps at most itself and at most the expected text, and all of it if they are equal', () => {
  const code = fc.string({ unit: fc.constantFrom('a', 'b', '1', ' ', '(', '\n', 'ü'), maxLength: 40 });
  fc.assert(
    fc.property(code, code, (a, b) => {
      const { kept, characters, similarity: share } = scoreOf(a, b);
      assert.ok(kept <= characters && kept <= b.replace(/\s/g, '').length);
      assert.ok(share >= 0 && share <= 1);
      assert.equal(keptCharacters(a, a), scoreOf(a, a).characters);
      assert.ok(scoreOf(a, a).exact);
    }),
  );
});
