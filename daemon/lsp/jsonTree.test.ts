import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { follow, parseTree, pathAt, type JsonNode } from './jsonTree.ts';

/** The text of a node must be what JSON.parse gives for the whole text at the same path. */
function same(text: string, node: JsonNode, value: unknown): void {
  assert.deepEqual(JSON.parse(text.slice(node.start, node.end)), value);
  for (const { name, value: member } of node.members ?? []) {
    same(text, member, (value as Record<string, unknown>)[name]);
  }
  node.items?.forEach((item, i) => same(text, item, (value as unknown[])[i]));
}

test('every value of a JSON text has its place', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(0, 1, 4), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const parsed = parseTree(text);
      assert.ok('root' in parsed);
      same(text, parsed.root, JSON.parse(text));
    }),
  );
});

test('it accepts what JSON.parse accepts and nothing else, and the place of an error is inside the text', () => {
  const mutated = fc
    .tuple(
      fc.jsonValue(),
      fc.nat(),
      fc.constantFrom('', ',', '"', '}', ']', '{', '\\', '\n', '\u0001', '1', '.', 'e', '-'),
      fc.nat(3),
    )
    .map(([value, at, put, removed]) => {
      const text = JSON.stringify(value);
      const place = at % (text.length + 1);
      return text.slice(0, place) + put + text.slice(place + removed);
    });
  fc.assert(
    fc.property(fc.oneof(mutated, fc.string()), (text) => {
      let valid = true;
      try {
        JSON.parse(text);
      } catch {
        valid = false;
      }
      const parsed = parseTree(text);
      assert.equal('root' in parsed, valid, text);
      if ('fault' in parsed) assert.ok(parsed.fault.at >= 0 && parsed.fault.at <= text.length);
    }),
    { numRuns: 1000 },
  );
});

test('errors are in plain words, with their place', () => {
  const cases: [text: string, at: number, says: RegExp][] = [
    ['{"a": 1,}', 8, /remove the comma before the end of the object/],
    ['{"a": [1,]}', 9, /remove the comma before the end of the list/],
    ['{"a" 1}', 5, /no colon after the name/],
    ['{"a": 1 "b": 2}', 8, /comma or }/],
    ["{'a': 1}", 1, /double quotes/],
    ['{"a": None}', 6, /None is Python; in JSON write null/],
    ['{"a": "x', 6, /string that begins here is not closed/],
    ['{"a": "\\q"}', 7, /\\q is not an escape/],
    ['{"a": "\t"}', 7, /control character.*\\u0009/],
    ['{"a": 1', 7, /object is not closed/],
    ['{"a": }', 6, /"}" is not a JSON value/],
    ['{"a": 1} {"b": 2}', 9, /after the end of the object/],
    ['', 0, /line ends where a value is expected/],
    ['['.repeat(100), 65, /nested deeper than 64/],
  ];
  for (const [text, at, says] of cases) {
    const parsed = parseTree(text);
    assert.ok('fault' in parsed, text);
    assert.match(parsed.fault.message, says, text);
    assert.equal(parsed.fault.at, at, text);
  }
});

test('a path gives a place, and the place gives the path', () => {
  const text = '{"messages": [{"role": "user", "content": "hi"}], "n": 1}';
  const parsed = parseTree(text);
  assert.ok('root' in parsed);
  const { node } = follow(parsed.root, ['messages', 0, 'content']);
  assert.equal(text.slice(node!.start, node!.end), '"hi"');
  assert.deepEqual(pathAt(parsed.root, text.indexOf('"hi"') + 1), ['messages', 0, 'content']);
  assert.deepEqual(pathAt(parsed.root, text.indexOf('"n"')), ['n']);
  assert.equal(follow(parsed.root, ['messages', 3]).node, undefined);
  assert.equal(follow(parsed.root, ['messages', 3]).deepest.kind, 'list');
});
