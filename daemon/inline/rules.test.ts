/** The rules of inline completion on code of several languages. `|` is the cursor. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { unmatched } from './brackets.ts';
import { fitting } from './fitting.ts';
import { type Length, lengthAt } from './length.ts';
import { limiter } from './limit.ts';
import { indentOf, type Place } from './place.ts';

function at(marked: string, languageId = 'typescript'): Place {
  const offset = marked.indexOf('|');
  return { uri: 'file:///a', languageId, text: marked.slice(0, offset) + marked.slice(offset + 1), offset };
}

const LENGTHS: readonly (readonly [marked: string, byItself: Length, invoked: Length])[] = [
  ['def add(a, b):\n    |', 'block', 'block'],
  ['def add(a, b):|', 'block', 'block'],
  ['def add(a, b):|\n    return a + b\n', 'line', 'line'], // the body is there
  ['    return |', 'line', 'line'],
  ['function f(a) {|\n', 'block', 'block'],
  ['foo(|)', 'line', 'line'],
  ['const a = foo(|);\n', 'line', 'line'],
  ['print("|")', 'line', 'line'],
  ['const va|lue = 1;', 'none', 'line'],
  ['const a = | + b;', 'none', 'line'],
  ['// a comment that|', 'line', 'line'],
  ['# a comment:|', 'line', 'line'],
  ['#include <stdio.h>\n\nint main(void) {|', 'block', 'block'],
  ['if x > 1 then|', 'block', 'block'],
  ['|', 'none', 'block'],
  ['a();\n|\nb();\n', 'block', 'block'],
  [`x = "${'a'.repeat(600)}|`, 'none', 'line'],
];

test('how much is completed where', () => {
  for (const [marked, byItself, invoked] of LENGTHS) {
    const got = [false, true].map((asked) => lengthAt(at(marked), { invoked: asked, maxLines: 12 }));
    assert.deepEqual(got, [byItself, invoked], marked);
    assert.notEqual(lengthAt(at(marked), { invoked: false, maxLines: 1 }), 'block', marked);
  }
});

/** What a generated text is cut to: the place, the length, the generated text, and what is kept of it. */
const LIMITS: readonly (readonly [
  what: string,
  marked: string,
  Exclude<Length, 'none'>,
  generated: string,
  kept: string,
])[] = [
  ['a line ends with its line', 'a = |', 'line', 'b + c  \nd = e\n', 'b + c'],
  ['the line below again', 'x = 1\n|\nreturn x\n', 'line', 'return x\n', ''],
  ['the line above again', 'use(one);\n|', 'line', 'use(one);\n', ''],
  ['the same in a row in a line', 'a = [|', 'line', '0, 1, 0, 1, 0, 1, 0, 1, 0, 1', ''],
  [
    'a Python body ends where the indentation does',
    'def add(a, b):|',
    'block',
    '\n    c = a + b\n    return c\n\ndef sub(a, b):\n    return a - b\n',
    '\n    c = a + b\n    return c',
  ],
  [
    'a body in braces has its closing brace',
    'function f(a) {|\n',
    'block',
    '\n  return a;\n}\n\nfunction g() {\n}\n',
    '\n  return a;\n}',
  ],
  [
    'but not if it stands below already',
    'function f(a) {|\n}\n',
    'block',
    '\n  return a;\n}\n\nfunction g() {\n}\n',
    '\n  return a;',
  ],
  ['Ruby ends with `end`', 'def add(a, b) do|\n', 'block', '\n  a + b\nend\n\nputs add(1, 2)\n', '\n  a + b\nend'],
  [
    'inside of a body, a lesser indentation ends it',
    'func f() {\n\tx := 1\n\t|\n}\n',
    'block',
    'y := 2\n\tz := 3\n}\n\nfunc g() {\n',
    'y := 2\n\tz := 3',
  ],
  ['a paragraph ends a block', 'import a\n|', 'block', 'import b\nimport c\n\nx = 1\n', 'import b\nimport c'],
  ['the next line of the file ends it', 'a()\n|\nzebra()\n', 'block', 'b()\nzebra()\nc()\n', 'b()'],
  ['two blank lines end it', 'class A:|', 'block', '\n    x = 1\n\n\n    y = 2\n', '\n    x = 1'],
  [
    'lines that come again',
    'def f():|',
    'block',
    '\n    print(one)\n    print(two)\n    print(one)\n    print(two)\n    print(one)\n',
    '\n    print(one)\n    print(two)',
  ],
  ['lines like those above again', 'first(1);\nsecond(2);\n|', 'block', 'first(1);\nsecond(2);\nthird(3);\n', ''],
  [
    'at most so many lines',
    'def f():|',
    'block',
    `${Array.from({ length: 30 }, (_, i) => `\n    line_${i}()`).join('')}\n`,
    Array.from({ length: 11 }, (_, i) => `\n    line_${i}()`).join(''),
  ],
];

test('where a text ends', () => {
  for (const [what, marked, length, generated, kept] of LIMITS) {
    const limit = limiter(at(marked), { length, maxLines: 12 });
    assert.deepEqual(limit(generated, true), { text: kept, whole: true }, what);
  }
});

test('the end is the same however the text arrives, and what is shown early stays', () => {
  let early = 0;
  for (const [what, marked, length, generated, kept] of LIMITS) {
    const limit = limiter(at(marked), { length, maxLines: 12 });
    for (let end = 1; end <= generated.length; end++) {
      const { text, whole } = limit(generated.slice(0, end), false);
      if (!whole) continue;
      assert.equal(text, kept, `${what}, after ${end} characters`);
      early++;
      break;
    }
  }
  assert.ok(early >= LIMITS.length - 2, 'almost all are whole before the model ends');
});

const FITTING: readonly (readonly [what: string, marked: string, text: string, fitted: string, replaces: number])[] = [
  ['a bracket that the editor closed', 'foo(|)', 'a, b)', 'a, b', 0],
  ['brackets that the text closes itself', 'foo(|)', 'bar(a)', 'bar(a)', 0],
  ['both', 'foo(|)', 'bar(a))', 'bar(a)', 0],
  ['a text that continues after the bracket replaces it', 'if (|)', 'a > b) {', 'a > b) {', 1],
  ['punctuation that stands there', 'x = |;', 'y;', 'y', 0],
  ['bracket and punctuation', 'foo(|);', 'a);', 'a', 0],
  ['a quote that the editor closed', 'print("|")', 'hello")', 'hello', 0],
  ['a text that stays in the quote', 'print("|")', 'hello', 'hello', 0],
  ['a bracket that the next line closes', 'foo(\n  a,\n  |\n)', 'b)', 'b', 0],
  ['one that nobody closes', 'foo(a, |', 'b)', 'b)', 0],
  ['white space at the end', 'x = |', 'y  ', 'y', 0],
  ['a bracket in quotes counts for nothing', 'foo(|)', '")")', '")"', 0],
];

test('what stands after the cursor is not written again', () => {
  for (const [what, marked, text, fitted, replaces] of FITTING)
    assert.deepEqual(fitting(text, at(marked)), { text: fitted, replaces }, what);
  for (const empty of ['', '  ', '\n\t', ')']) assert.equal(fitting(empty, at('foo(|)')), undefined);
});

test('a completion inserted where the editor closed brackets leaves none without a partner', () => {
  const balanced = fc.letrec<{ text: string }>((tie) => ({
    text: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('a', 'b, c', 'x.y', '1 + 2'),
      fc.tuple(fc.constantFrom('()', '[]', '{}'), tie('text')).map(([pair, inner]) => `f${pair[0]}${inner}${pair[1]}`),
      fc.tuple(tie('text'), tie('text')).map(([a, b]) => `${a}, ${b}`),
    ),
  })).text;
  fc.assert(
    fc.property(balanced, fc.constantFrom('(', '((', '([', '{('), fc.constantFrom('', ';'), (inner, opened, end) => {
      const closed = Array.from(opened)
        .reverse()
        .map((one) => ({ '(': ')', '[': ']', '{': '}' })[one]!)
        .join('');
      const place = at(`call${opened}|${closed}${end}`);
      const fitted = fitting(`${inner}${closed}${end}`, place)!;
      const { text, offset } = place;
      const document = text.slice(0, offset) + fitted.text + text.slice(offset + fitted.replaces);
      assert.equal(document, `call${opened}${inner}${closed}${end}`);
      assert.deepEqual(unmatched(document), { open: [], closing: [] });
    }),
  );
});

test('tabs and spaces count as columns', () => {
  assert.deepEqual(['\tx', '    x', '  \tx', 'x', ''].map(indentOf), [4, 4, 4, 0, 0]);
});
