import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { blocksOf, lineCount, lineOf, locate, splice, type Block } from './blocks.ts';

const linesOf = (text: string): string[] => text.split(/\r\n?|\n/);
const textOf = (blocks: readonly Block<unknown>[]): string => blocks.map(({ text }) => text).join('');
const allLines = (blocks: readonly Block<unknown>[]): string[] =>
  blocks.flatMap((block) => Array.from(block.starts, (_, i) => lineOf(block, i)));

const someText = fc.string({ unit: fc.constantFrom('a', 'é', '😀', '\n', '\r\n', '\r', ' '), maxLength: 60 });
const long = 'x'.repeat(40_000);

test('lines are as the protocol defines them, in one block or many', () => {
  fc.assert(fc.property(someText, (text) => assert.deepEqual(allLines(blocksOf(text)), linesOf(text))));
  const large = Array.from({ length: 20 }, (_, i) => `${i}${long}`).join('\n');
  const blocks = blocksOf(large);
  assert.ok(blocks.length > 5, `${blocks.length} blocks`);
  assert.deepEqual(allLines(blocks), linesOf(large));
  assert.equal(textOf(blocks), large);
});

test('edits give the same text as in the editor, and lines that were not edited keep their facts', () => {
  const edit = fc.record({ from: fc.nat(), to: fc.nat(), text: someText });
  const start = fc.oneof(
    someText,
    someText.map((text) => text.replaceAll('a', `${long}\n`)),
  );
  fc.assert(
    fc.property(start, fc.array(edit, { maxLength: 8 }), (initial, edits) => {
      let text = initial;
      const blocks = blocksOf<string>(text);
      const learn = (): void => {
        for (const block of blocks) for (let i = 0; i < block.starts.length; i++) block.facts[i] = lineOf(block, i);
      };
      learn();
      for (const { from, to, text: put } of edits) {
        const starts = [0, ...[...text.matchAll(/\r\n?|\n/g)].map(({ index, 0: found }) => index + found.length)];
        const positionOf = (offset: number) => {
          const line = starts.findLastIndex((start) => start <= offset);
          // Never between the two characters of a line break.
          const character = Math.min(offset - starts[line]!, linesOf(text)[line]!.length);
          return { line, character, offset: starts[line]! + character };
        };
        const [a, b] = [from, to].map((n) => positionOf(n % (text.length + 1))).sort((x, y) => x.offset - y.offset);
        const before = lineCount(blocks);
        const done = splice(blocks, a!, b!, put);
        text = text.slice(0, a!.offset) + put + text.slice(b!.offset);
        assert.equal(textOf(blocks), text);
        assert.deepEqual(allLines(blocks), linesOf(text));
        assert.equal(lineCount(blocks), before + done.lines - done.removed);
        for (const block of blocks) {
          for (let i = 0; i < block.starts.length; i++) {
            if (block.facts[i] !== undefined) assert.equal(block.facts[i], lineOf(block, i));
          }
        }
        learn();
      }
    }),
    { numRuns: 150 },
  );
});

test('positions outside are moved to the nearest place', () => {
  const blocks = blocksOf('ab\ncd\n');
  splice(blocks, { line: 0, character: 99 }, { line: 0, character: 99 }, '!');
  splice(blocks, { line: 99, character: 0 }, { line: 99, character: 5 }, 'end');
  assert.equal(textOf(blocks), 'ab!\ncd\nend');
  assert.deepEqual(locate(blocks, 99), { block: 0, index: 2 });
});
