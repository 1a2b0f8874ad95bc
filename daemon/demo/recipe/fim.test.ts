import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fimDocuments, random } from './fim.ts';

const PSM = /^<\|fim_prefix\|>([\s\S]*)<\|fim_suffix\|>([\s\S]*)<\|fim_middle\|>([\s\S]*)$/;

test('every piece of a rewritten document can be put together again', () => {
  const line = fc.string({ unit: 'grapheme-ascii', maxLength: 80 }).filter((text) => !text.includes('<|'));
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 120 }), fc.string(), (lines, key) => {
      const text = lines.join('\n');
      const whole = fimDocuments(text, random(key))
        .map((piece) => {
          const parts = PSM.exec(piece);
          if (!parts) return piece;
          const [, prefix = '', suffix = '', rest = ''] = parts;
          return prefix + rest + suffix;
        })
        .join('');
      assert.equal(whole, text);
    }),
  );
});

test('both orders and plain spans occur, and one key gives one rewriting', () => {
  const text = Array.from({ length: 400 }, (_, i) => `const value${i} = compute(${i});`).join('\n');
  const pieces = fimDocuments(text, random('a'));
  assert.deepEqual(pieces, fimDocuments(text, random('a')));
  assert.notDeepEqual(pieces, fimDocuments(text, random('b')));
  const suffixFirst = pieces.filter((piece) => piece.startsWith('<|fim_prefix|><|fim_suffix|>')).length;
  assert.ok(suffixFirst > 0 && suffixFirst < pieces.length);
  assert.ok(pieces.every((piece) => piece.length < 1700));
});
