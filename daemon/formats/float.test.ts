import { test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { countNonFinite, decodeFloats, encodeFloats } from './float.ts';
import type { DType } from './dtype.ts';

const bytesOf = (array: ArrayBufferView<ArrayBuffer>) =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const allHalves = Uint16Array.from({ length: 65536 }, (_, i) => i);
const anyBits = fc.oneof(
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.float().map((x) => new Uint32Array(new Float32Array([x]).buffer)[0] ?? 0),
);
const floats = (bits: number[]) => new Float32Array(Uint32Array.from(bits).buffer);

test(
  'every F16 decodes as the engine decodes it, and encodes back to the same bits',
  { skip: typeof Float16Array === 'undefined' },
  () => {
    const decoded = decodeFloats('F16', bytesOf(allHalves));
    const theirs = new Float16Array(allHalves.buffer);
    decoded.forEach((value, half) => assert.ok(Object.is(value, theirs[half]), `half ${half}`));
    const back = new Uint16Array(encodeFloats('F16', decoded).buffer);
    for (let half = 0; half < 65536; half++) {
      if ((half & 0x7fff) > 0x7c00) assert.ok((back[half]! & 0x7fff) > 0x7c00, 'NaN stays NaN');
      else assert.equal(back[half], half);
    }
  },
);

test(
  'float32 -> F16 rounds as the engine rounds: ties, subnormals, overflow',
  { skip: typeof Float16Array === 'undefined' },
  () => {
    const check = (values: Float32Array) => {
      const ours = new Uint16Array(encodeFloats('F16', values).buffer);
      const theirs = new Uint16Array(new Float16Array(values).buffer);
      values.forEach((value, i) => {
        if (Number.isNaN(value)) assert.ok((ours[i]! & 0x7fff) > 0x7c00);
        else assert.equal(ours[i], theirs[i], `${value}`);
      });
    };
    // Every half, every tie between two neighbours, and the float32 next to the tie on either side.
    const around: number[] = [];
    const decoded = decodeFloats('F16', bytesOf(allHalves));
    for (let half = 0; half < 0x7bff; half++) {
      const tie = new Uint32Array(new Float32Array([(decoded[half]! + decoded[half + 1]!) / 2]).buffer)[0]!;
      around.push(tie - 1, tie, tie + 1, (tie | 0x80000000) >>> 0);
    }
    check(floats(around));
    check(
      new Float32Array([
        65503.9,
        65504,
        65519.99,
        65520,
        65536,
        Infinity,
        -Infinity,
        NaN,
        2 ** -24,
        2 ** -25,
        2 ** -149,
        0,
        -0,
      ]),
    );
    fc.assert(
      fc.property(fc.array(anyBits), (bits) => check(floats(bits))),
      { numRuns: 1000 },
    );
  },
);

test('every BF16 decodes to the float32 with its bits above, and encodes back', () => {
  const decoded = decodeFloats('BF16', bytesOf(allHalves));
  const bits = new Uint32Array(decoded.buffer);
  for (let half = 0; half < 65536; half++) assert.equal(bits[half], half * 65536);
  const back = new Uint16Array(encodeFloats('BF16', decoded).buffer);
  for (let half = 0; half < 65536; half++) {
    if ((half & 0x7fff) > 0x7f80) assert.ok((back[half]! & 0x7fff) > 0x7f80);
    else assert.equal(back[half], half);
  }
});

test('float32 -> BF16 takes the nearest, and the even one of two as near', () => {
  fc.assert(
    fc.property(anyBits, (word) => {
      const value = floats([word])[0]!;
      const half = new Uint16Array(encodeFloats('BF16', new Float32Array([value])).buffer)[0]!;
      if (Number.isNaN(value)) {
        assert.ok((half & 0x7fff) > 0x7f80);
        return;
      }
      // As integers, BF16 magnitudes are in order, so the nearest is the integer nearest to bits / 65536.
      const exact = (word & 0x7fffffff) / 65536;
      const low = Math.floor(exact);
      const nearest = exact - low === 0.5 ? low + (low % 2) : Math.round(exact);
      assert.equal(half & 0x7fff, nearest);
      assert.equal(half >>> 15, word >>> 31);
    }),
    { numRuns: 5000 },
  );
});

test('F32 and F64 round-trip exactly', () => {
  fc.assert(
    fc.property(fc.float32Array(), fc.constantFrom<DType>('F32', 'F64'), (values, dtype) => {
      assert.deepEqual(decodeFloats(dtype, encodeFloats(dtype, values)), values);
    }),
  );
});

test('bytes that lie unaligned in their buffer are read', () => {
  for (const dtype of ['F64', 'F32', 'F16', 'BF16'] as const) {
    const bytes = encodeFloats(dtype, new Float32Array([1, -2, 0.5]));
    const shifted = new Uint8Array(bytes.length + 1).subarray(1);
    shifted.set(bytes);
    assert.deepEqual([...decodeFloats(dtype, shifted)], [1, -2, 0.5]);
  }
});

test('half a value and integer dtypes are refused', () => {
  assert.throws(() => decodeFloats('F32', new Uint8Array(6)), {
    code: 'format',
    message: /6 bytes are not a whole number of 4-byte/,
  });
  assert.throws(() => decodeFloats('I64', new Uint8Array(8)), {
    code: 'format',
    message: /I64 is not a floating-point type/,
  });
  assert.throws(() => encodeFloats('BOOL', new Float32Array(1)), { code: 'format' });
});

test('NaN and infinities are counted', () => {
  assert.equal(countNonFinite(new Float32Array([0, 1, NaN, -Infinity, Infinity, 3.4e38, -0])), 3);
});
