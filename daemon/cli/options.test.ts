import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as options from './options.ts';

const NO_NUMBERS = [
  '',
  ' ',
  'abc',
  'NaN',
  'Infinity',
  '-Infinity',
  '1e999',
  '0x10',
  '1_000',
  '1,5',
  '١',
  '1e',
  '--',
  'null',
  '[]',
  '5 apples',
];

const READERS: Record<string, { take: string[]; refuse: string[] }> = {
  positiveInteger: {
    take: ['1', '+7', '1e3', '2147483647', '4.0'],
    refuse: ['0', '-1', '1.5', '2147483648', '1e300', '1e-3'],
  },
  nonNegativeInteger: { take: ['0', '-0', '12'], refuse: ['-1', '0.5', '1e10'] },
  seed: { take: ['0', '4294967295'], refuse: ['-1', '4294967296', '0.1'] },
  probability: { take: ['0', '1', '0.5', '.25', '1e-3'], refuse: ['-0.1', '1.0001', '2'] },
  positiveNumber: { take: ['1e-9', '4e-3', '7'], refuse: ['0', '-1e-9', '1e309'] },
  nonNegativeNumber: { take: ['0', '0.7'], refuse: ['-0.1', '1e309'] },
};

for (const [name, { take, refuse }] of Object.entries(READERS)) {
  test(`${name}: what is a number in its range, and nothing else`, () => {
    const read = options[name as 'positiveInteger'];
    for (const text of take) assert.equal(read(text), Number(text), text);
    for (const text of [...refuse, ...NO_NUMBERS]) {
      assert.throws(
        () => read(text),
        { code: 'commander.invalidArgument', message: /^it must be a/ },
        JSON.stringify(text),
      );
    }
  });
}

test('whatever is given, a reader gives a number in its range or refuses', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.double().map(String), fc.integer().map(String)), (text) => {
      let value: number;
      try {
        value = options.positiveInteger(text);
      } catch (error) {
        assert.match((error as Error).message, /^it must be/);
        return;
      }
      assert.ok(Number.isInteger(value) && value >= 1 && value < 2 ** 31);
    }),
    { numRuns: 500 },
  );
});

test('lists of sizes', () => {
  assert.deepEqual(options.positiveIntegers('1,8, 16,64'), [1, 8, 16, 64]);
  for (const text of ['', ',', '1,', '1;2', '1,0', '-1', '1,'.repeat(200) + '1']) {
    assert.throws(() => options.positiveIntegers(text), { code: 'commander.invalidArgument' }, text);
  }
});
