import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { VeraError } from '../../protocol/errors.ts';
import { BLOCK } from './attention.ts';
import { chooser, logprobsOf } from './choose.ts';
import { draft } from './lookup.ts';
import { guessesOf, type PlannedRow, readings } from './plan.ts';
import { firstKey, nextKey, PrefixCache } from './prefixCache.ts';
import { FairQueue } from './queue.ts';
import { GREEDY } from './request.ts';
import { stopTexts } from './stopTexts.ts';

test('stop texts end an answer at the same place, whatever pieces it comes in', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 30 });
  const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 }), {
    maxLength: 3,
  });
  fc.assert(
    fc.property(letters, stops, fc.array(fc.nat(4), { minLength: 30, maxLength: 30 }), (text, list, sizes) => {
      const shownOf = (pieces: readonly number[]): [string, string | undefined] => {
        const filter = stopTexts(list);
        let [shown, rest] = ['', text];
        for (const size of pieces) {
          const { text: piece, stop } = filter.push(rest.slice(0, size));
          rest = rest.slice(size);
          shown += piece;
          if (stop !== undefined) return [shown, stop];
        }
        return [shown + filter.end(), undefined];
      };
      const ones = Array<number>(30).fill(1);
      const [shown, stop] = shownOf(ones);
      assert.deepEqual(shownOf([...sizes, ...ones]), [shown, stop]);
      assert.ok(text.startsWith(shown + (stop ?? '')));
      assert.ok(list.every((one) => !shown.includes(one)));
      assert.equal(
        stop !== undefined,
        list.some((one) => text.includes(one)),
      );
      if (stop === undefined) assert.equal(shown, text);
    }),
  );
  const filter = stopTexts(['\n\n', 'END']);
  assert.deepEqual(filter.push('a\n'), { text: 'a' });
  assert.deepEqual(filter.push('b E'), { text: '\nb ' });
  assert.deepEqual(filter.push('ND c'), { text: '', stop: 'END' });
});

test('guesses are what followed the same tokens before, also where the text repeats itself', () => {
  assert.deepEqual(draft([1, 2, 3, 4, 5, 9, 2, 3], 2), [4, 5]);
  assert.deepEqual(draft([7, 2, 3, 1, 8, 2, 3, 4, 5, 7, 2, 3], 3), [1, 8, 2], 'the longest agreement decides');
  assert.deepEqual(draft([1, 2, 1, 2], 5), [1, 2, 1, 2, 1]);
  assert.deepEqual(draft([1, 2, 3, 4], 3), []);
  assert.deepEqual(draft([1, 2, 1, 2], 0), []);
  assert.deepEqual(draft([], 3), []);
});

test('interactive requests go first, and background ones are not starved', () => {
  const queue = new FairQueue<string>();
  for (let i = 0; i < 9; i++) queue.add(`i${i}`, 'interactive');
  for (let i = 0; i < 3; i++) queue.add(`b${i}`, 'background');
  assert.deepEqual(
    queue.remove((item) => item === 'i2'),
    ['i2'],
  );
  assert.equal(queue.size, 11);
  const order = Array.from({ length: 12 }, () => queue.next());
  assert.deepEqual(order.slice(0, 11), ['i0', 'i1', 'i3', 'i4', 'b0', 'i5', 'i6', 'i7', 'i8', 'b1', 'b2']);
  assert.equal(order[11], undefined);
});

const planned = (more: Partial<PlannedRow>): PlannedRow => ({
  ...{ length: 0, pending: 1, readable: more.pending ?? 1, guesses: 8, interactive: true, order: 0 },
  ...more,
});

test('a step reads parts of prompts up to a border, interactive ones first, and not too much at once', () => {
  const counts = (rows: PlannedRow[], most = Infinity) =>
    readings(rows, most).map(({ row, count }) => [row.order, count]);
  assert.deepEqual(counts([planned({}), planned({ length: 70 })]), []);
  assert.deepEqual(counts([planned({ order: 4, pending: 500 })]), [[4, 128]]);
  assert.deepEqual(counts([planned({ order: 4, pending: 500 })], 2 * BLOCK - 1), [[4, BLOCK]]);
  assert.deepEqual(counts([planned({ order: 4, pending: 500 })], 0), [[4, BLOCK]], 'one block in any case');
  assert.deepEqual(
    counts([planned({ order: 4, length: 60, pending: 500 })]),
    [[4, 4]],
    'up to the border of the block',
  );
  assert.deepEqual(counts([planned({ order: 4, length: 60, pending: 2, readable: 1 })]), [[4, 1]], 'up to a start');
  const many = [
    planned({ order: 1, pending: 900, interactive: false }),
    planned({ order: 3, pending: 40 }),
    planned({ order: 2, pending: 70 }),
    planned({ order: 5, pending: 100 }),
    planned({ order: 6, pending: 100 }),
  ];
  assert.deepEqual(counts(many), [
    [2, 70],
    [3, BLOCK],
  ]);
  assert.deepEqual(counts(many, BLOCK), [[2, BLOCK]]);
  assert.equal(guessesOf(planned({ length: 60 }), 1), 8);
  assert.equal(guessesOf(planned({ length: 0 }), 5), 0, 'many rows fill a run by themselves');
});

test('keys of blocks depend on the base, the precision, the adapter and every token before', () => {
  const owner = { base: 'b', precision: 'int8', adapter: 'a' };
  const tokens = Array.from({ length: BLOCK }, (_, i) => i);
  const key = (more: Partial<typeof owner>, first = tokens) =>
    nextKey(nextKey(firstKey({ ...owner, ...more }), first), tokens);
  const keys = [
    key({}),
    key({ base: 'c' }),
    key({ precision: 'fp32' }),
    key({ adapter: '' }),
    key({}, [...tokens.slice(1), 7]),
  ];
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(key({}), keys[0]);
});

test('the prefix cache stays within its budget and keeps what was used last, beginnings longest', () => {
  const block = () => ({ keys: new Float32Array(10), values: new Float32Array(10) });
  const prefixes = new PrefixCache(3 * 80);
  for (const key of ['a', 'b', 'c']) prefixes.add(key, block());
  prefixes.touch(['a', 'b']);
  prefixes.add('d', block());
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((key) => prefixes.get(key) !== undefined),
    [true, true, false, true],
  );
  prefixes.add('e', block());
  assert.deepEqual(
    ['a', 'b'].map((key) => prefixes.get(key) !== undefined),
    [true, false],
  );
  assert.deepEqual(prefixes.counts, { blocks: 3, bytes: 240, budgetBytes: 240, evicted: 2 });
  new PrefixCache(0).add('f', block());
});

test('penalties and biases change which token is chosen', () => {
  const logits = Float32Array.of(1, 0.9, 0.8, -1);
  const chosen = (sampling: Partial<typeof GREEDY>, tokens: number[] = [], answer = 0) =>
    chooser({ ...GREEDY, ...sampling }, 4).choose(logits, tokens, answer);
  assert.equal(chosen({}), 0);
  assert.equal(chosen({ logitBias: [[3, 5]] }), 3);
  assert.equal(
    chosen({
      logitBias: [
        [0, -100],
        [1, -100],
      ],
    }),
    2,
  );
  assert.equal(chosen({ repetitionPenalty: 1.2 }, [0]), 1, 'also tokens of the prompt');
  assert.equal(chosen({ repetitionPenalty: 0.5 }, [3]), 0, 'negative logits are multiplied');
  assert.equal(chosen({ presencePenalty: 0.15 }, [0, 1], 1), 0, 'tokens of the answer alone');
  assert.equal(chosen({ presencePenalty: 0.15 }, [0, 1], 0), 0);
  assert.equal(chosen({ presencePenalty: 0.15 }, [0], 0), 1);
  assert.equal(chosen({ frequencyPenalty: 0.06 }, [0], 0), 0);
  assert.equal(chosen({ frequencyPenalty: 0.06 }, [0, 0], 0), 1);
  assert.deepEqual(
    [...logits].map((value) => Math.fround(value)),
    [...Float32Array.of(1, 0.9, 0.8, -1)],
    'the logits stay',
  );
  for (const wrong of [{ presencePenalty: NaN }, { minP: 2 }, { temperature: -1 }, { logitBias: [[4, 1]] as const }])
    assert.throws(
      () => chosen(wrong),
      (error) => error instanceof VeraError && error.code === 'usage',
    );
});

test('log-probabilities of the chosen token and of the most likely ones', () => {
  const logits = Float32Array.from([0.5, 0.3, 0.15, 0.05], Math.log);
  const { token, logprob, top } = logprobsOf(logits, 2, 3, String);
  assert.deepEqual([token, Math.exp(logprob).toFixed(4)], [2, '0.1500']);
  assert.deepEqual(
    top.map(({ token: id, text, logprob: p }) => [id, text, Math.exp(p).toFixed(3)]),
    [
      [0, '0', '0.500'],
      [1, '1', '0.300'],
      [2, '2', '0.150'],
    ],
  );
  assert.deepEqual(logprobsOf(logits, 0, 0, String).top, []);
});
