import { test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { quote } from './quote.ts';

test('a plain name is quoted', () => {
  assert.equal(quote('model.norm.weight'), '"model.norm.weight"');
});

test('whatever the name, the result is one short line without control characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (name) => {
      const shown = quote(name);
      assert.doesNotMatch(shown, /[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
      assert.ok(shown.length < 1000);
    }),
  );
});
