import assert from 'node:assert/strict';
import { test } from 'node:test';
import { casesOf } from './cases.ts';

const text = `import { join } from 'node:path';

// A comment of several words that nobody completes.
export function folderOf(name: string): string {
  const root = process.cwd();
  return join(root, name);
}

def_total = 0
for item in items:
    if item.price > 0:
        def_total += item.price
        count += 1
    else:
        skipped += 1
`;
const files = [{ name: 'a.ts', text }];

test('blocks are the deeper lines after a line; rests of lines begin between words and end with their line', () => {
  const cases = casesOf(files, { limit: 100, seed: 1 });
  const of = (kind: string) => cases.filter((one) => one.kind === kind).map(({ start, end }) => text.slice(start, end));
  assert.deepEqual(of('block'), [
    '\n  const root = process.cwd();\n  return join(root, name);',
    '\n    if item.price > 0:\n        def_total += item.price\n        count += 1\n    else:\n        skipped += 1',
    '\n        def_total += item.price\n        count += 1',
  ]);
  for (const { kind, start, end } of cases) {
    if (kind === 'block') continue;
    const rest = text.slice(start, end);
    assert.ok(!rest.includes('\n') && rest.length >= 4 && rest === rest.trimEnd(), rest);
    assert.ok(!/\w\w/.test(text.slice(start - 1, start + 1)) || /\s/.test(text[start - 1]!), rest);
    assert.ok(!rest.includes('comment'));
  }
});

test('the same seed gives the same cases, another seed others, and files take turns', () => {
  const many = Array.from({ length: 8 }, (_, i) => ({ name: `${i}.ts`, text: text.repeat(i + 1) }));
  const cases = casesOf(many, { limit: 16, seed: 5 });
  assert.deepEqual(casesOf(many, { limit: 16, seed: 5 }), cases);
  assert.notDeepEqual(casesOf(many, { limit: 16, seed: 6 }), cases);
  assert.equal(cases.length, 16);
  for (let file = 0; file < 8; file++) assert.equal(cases.filter((one) => one.file === file).length, 2);
});
