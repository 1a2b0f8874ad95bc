import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applied, smaller } from './edit.ts';

const LINES = fc.array(fc.constantFrom('one();', '  two();', 'two();', '}', '', 'three(1, 2);', '  }'), {
  maxLength: 12,
});
const DOCUMENT = fc.tuple(LINES, fc.boolean()).map(([lines, end]) => lines.join('\n') + (end ? '\n' : ''));

test('small edits, one after the other, make the same text', () => {
  fc.assert(
    fc.property(DOCUMENT, DOCUMENT, fc.double({ min: 0, max: 1, noNaN: true }), (document, text, place) => {
      const offset = Math.floor(place * document.length);
      const edit = { offset, removed: document.length - offset, text };
      const small = smaller(document, edit);
      assert.equal(small.reduce(applied, document), applied(document, edit));
    }),
  );
});

test('lines that stay are not touched', () => {
  const document = 'a();\nb();\nc();\n';
  const small = smaller(document, { offset: 0, removed: document.length, text: 'a();\n\nif (x)\n  b();\nd();\n' });
  assert.deepEqual(small, [
    { offset: 10, removed: 1, text: 'd' },
    { offset: 5, removed: 5, text: '  b();\n' },
    { offset: 5, removed: 0, text: '\nif (x)\n' },
  ]);
});
