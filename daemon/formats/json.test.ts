import { test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseJson, parseJsonObject } from './json.ts';

const refuses = (text: string, message: RegExp) =>
  assert.throws(() => parseJson(text, 'here'), { name: 'VeraError', code: 'format', message });

test('any JSON value that JavaScript can write is read back', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6, noUnicodeString: false }), (value) => {
      const text = JSON.stringify(value, null, 1);
      assert.deepEqual(parseJson(text, 'here'), JSON.parse(text));
    }),
  );
});

test('duplicate keys are found, also escaped, nested and behind strings full of brackets', () => {
  refuses('{"a":1,"a":2}', /^here: the key "a" appears twice/);
  refuses('{"a":1,"\\u0061":2}', /"a" appears twice/);
  refuses('{"x":[{"}{":"\\"{,","b":{},"b":[]}]}', /"b" appears twice/);
  assert.deepEqual(parseJson('{"a":{"a":["a","a"]},"b":"a","c":{"a":1}}', 'here'), {
    a: { a: ['a', 'a'] },
    b: 'a',
    c: { a: 1 },
  });
});

test('a duplicate put anywhere in an object is found', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 8 }), fc.nat(), (keys, pick) => {
      const again = [...keys, keys[pick % keys.length] ?? ''];
      refuses(`{${again.map((key) => `${JSON.stringify(key)}: "}{,:"`).join(' , ')}}`, /appears twice/);
    }),
  );
});

test('a __proto__ key stays a plain key', () => {
  const value = parseJsonObject('{"__proto__":{"polluted":true}}', 'here');
  assert.equal((value as { polluted?: boolean }).polluted, undefined);
  assert.ok(Object.hasOwn(value, '__proto__'));
});

test('a million open brackets, five million objects and garbage are one-line errors', () => {
  refuses('['.repeat(1_000_000), /nested deeper than 64/);
  refuses('{"a":'.repeat(1_000_000), /nested deeper than 64/);
  refuses(`[${'{},'.repeat(5_000_000)}{}]`, /more than 4000000/);
  for (const text of ['', '{', '{"a"', '{"a":"\\', '"\\u12', '{"a":1}}', '{]', 'NaN', '{"a":1,}', "{'a':1}"]) {
    refuses(text, /^here: not valid JSON: [^\n]*$/);
  }
  assert.throws(() => parseJsonObject('[1]', 'here'), /expected a JSON object/);
});
