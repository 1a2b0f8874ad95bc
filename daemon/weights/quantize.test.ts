import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { quantizeColumns, transposed } from './quantize.ts';

const matrix = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 })).chain(([rows, columns]) =>
  fc.tuple(
    fc.constant(rows),
    fc.constant(columns),
    fc.array(fc.float({ min: -100, max: 100, noNaN: true }), {
      minLength: rows * columns,
      maxLength: rows * columns,
    }),
  ),
);

test('every value is within half a step of its column, and the largest uses the whole range', () => {
  fc.assert(
    fc.property(matrix, ([rows, columns, values]) => {
      const { q, scale } = quantizeColumns(Float32Array.from(values), rows, columns);
      for (let c = 0; c < columns; c++) {
        const column = Array.from({ length: rows }, (_, r) => values[r * columns + c]!);
        const largest = Math.max(...column.map(Math.abs));
        const quantized = column.map((_, r) => q[r * columns + c]!);
        column.forEach((v, r) => assert.ok(Math.abs(quantized[r]! * scale[c]! - v) <= scale[c]! * 0.501));
        if (largest > 1e-30) assert.equal(Math.max(...quantized.map(Math.abs)), 127);
      }
    }),
  );
});

test('a column of zeros stays zero', () => {
  const { q, scale } = quantizeColumns(Float32Array.of(0, 1, 0, -2), 2, 2);
  assert.deepEqual([...q], [0, 64, 0, -127]);
  assert.equal(scale[0], 1);
});

test('transposed twice is the matrix itself', () => {
  assert.deepEqual([...transposed(Float32Array.of(1, 2, 3, 4, 5, 6), 2, 3)], [1, 4, 2, 5, 3, 6]);
  fc.assert(
    fc.property(matrix, ([rows, columns, values]) =>
      assert.deepEqual(
        transposed(transposed(Float32Array.from(values), rows, columns), columns, rows),
        Float32Array.from(values),
      ),
    ),
  );
});
