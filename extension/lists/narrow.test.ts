import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EVERYTHING, type Facts, isNarrowed, narrowed, narrowingText, valuesOf } from './narrow.ts';

const facts = (name: string, changes: Partial<Facts> = {}): Facts => ({
  ...{ name, texts: [], facets: {}, time: 0, loss: null },
  ...changes,
});
const items = [
  facts('poems-2', { time: 1, loss: 2, texts: ['SmolLM2'], facets: { base: ['SmolLM2'], tag: ['draft'] } }),
  facts('Poems-10', { time: 3, loss: 1, texts: ['Qwen3'], facets: { base: ['Qwen3'], tag: ['draft', 'german'] } }),
  facts('notes', { time: 2, texts: ['SmolLM2'], facets: { base: ['SmolLM2'] } }),
];
const names = (changes: Partial<typeof EVERYTHING>): string[] =>
  narrowed(items, (item) => item, { ...EVERYTHING, ...changes }).map(({ name }) => name);

test('words are searched in any order and case, and all must fit', () => {
  assert.deepEqual(names({ words: 'POEMS' }), ['Poems-10', 'poems-2']);
  assert.deepEqual(names({ words: ' smollm2  poem ' }), ['poems-2']);
  assert.deepEqual(names({ words: 'poem missing' }), []);
});

test('facets are combined', () => {
  assert.deepEqual(names({ facets: { base: 'SmolLM2' } }), ['notes', 'poems-2']);
  assert.deepEqual(names({ facets: { base: 'SmolLM2', tag: 'draft' } }), ['poems-2']);
  assert.deepEqual(names({ facets: { project: 'none' } }), []);
});

test('orders: by time, by name with numbers as numbers, by loss with the unmeasured last', () => {
  assert.deepEqual(names({}), ['Poems-10', 'notes', 'poems-2']);
  assert.deepEqual(names({ sort: 'oldest' }), ['poems-2', 'notes', 'Poems-10']);
  assert.deepEqual(names({ sort: 'name' }), ['notes', 'poems-2', 'Poems-10']);
  assert.deepEqual(names({ sort: 'loss' }), ['Poems-10', 'poems-2', 'notes']);
});

test('a filter is offered where it leaves something out, and said in words', () => {
  assert.deepEqual(valuesOf(items), [
    { facet: 'base', value: 'SmolLM2', count: 2 },
    { facet: 'base', value: 'Qwen3', count: 1 },
    { facet: 'tag', value: 'draft', count: 2 },
    { facet: 'tag', value: 'german', count: 1 },
  ]);
  assert.deepEqual(valuesOf([items[0]!]), []);
  assert.ok(!isNarrowed(EVERYTHING) && isNarrowed({ ...EVERYTHING, words: 'a' }));
  const narrowing = { ...EVERYTHING, words: 'poems', facets: { tag: 'draft', base: 'Qwen3' } };
  assert.equal(narrowingText(narrowing, 1, 3), '1 of 3: “poems”, tag draft, base model Qwen3');
});
