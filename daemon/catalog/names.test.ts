import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { name as schema } from '../protocol/values.ts';
import { freeName, nameFrom, nearest } from './names.ts';
import { cursorOf, keysOf } from './pages.ts';
import { wordsOf } from './search.ts';

test('the next free name is the first one, found in few looks', async () => {
  const taken = new Set(['x', ...Array.from({ length: 5000 }, (_, i) => `x-${i + 2}`)]);
  let looks = 0;
  const found = await freeName('x', async (name) => (looks++, taken.has(name)));
  assert.equal(found, 'x-5002');
  assert.ok(looks < 40, `${looks}`);
});

test('any text gives a name that the protocol allows', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)), maxLength: 400 }),
      (text) => {
        schema.parse(nameFrom(text, 'otherwise'));
      },
    ),
    { numRuns: 200 },
  );
});

test('names that come near', () => {
  assert.deepEqual(nearest('poem', ['poems', 'prose', 'Poem', 'letters']), ['Poem', 'poems']);
  assert.deepEqual(nearest('xyz', ['poems']), []);
});

test('a cursor gives back its keys, and nothing else is one', () => {
  assert.deepEqual(keysOf(cursorOf(['a"b', 3]), ['string', 'number']), ['a"b', 3]);
  assert.equal(keysOf(undefined, ['number']), undefined);
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.throws(() => keysOf(text, ['string', 'number']), { code: 'usage' });
    }),
  );
  assert.throws(() => keysOf(cursorOf([3]), ['string']), { code: 'usage' });
});

test('words are cut as the index cuts them', () => {
  assert.deepEqual(wordsOf('naïve "AND" a_b c-d 3.5 日本'), ['naïve', 'AND', 'a_b', 'c', 'd', '3', '5', '日本']);
});
