import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { VeraError } from '../../protocol/errors.ts';
import { DEQUANTISE, dequantiser } from './quants.ts';
import { SUPPORTED_TYPES } from './types.ts';

type Case = { blocks: string; values: string };
const fixture = new URL('../../../test/fixtures/gguf/quants.json', import.meta.url);
const cases = JSON.parse(readFileSync(fixture, 'utf8')) as Record<string, Case>;

describe('dequantisation', () => {
  for (const type of SUPPORTED_TYPES.values()) {
    it(`${type.name} gives the reference values bit for bit`, () => {
      const { blocks, values } = cases[type.name]!;
      const stored = new Uint8Array(Buffer.from(blocks, 'base64'));
      const expected = new Uint32Array(new Uint8Array(Buffer.from(values, 'base64')).buffer);
      assert.equal((stored.length / type.blockBytes) * type.blockElements, expected.length);
      assert.ok(expected.length >= 8);
      const out = new Float32Array(expected.length);
      dequantiser(type.name)(stored, out);
      assert.deepEqual(new Uint32Array(out.buffer), expected);
    });
  }

  it('has one decoder for each supported encoding', () => {
    assert.deepEqual(Object.keys(DEQUANTISE).sort(), [...SUPPORTED_TYPES.values()].map((type) => type.name).sort());
  });

  it('refuses an encoding that is not in the list', () => {
    for (const name of ['Q2_K', 'constructor', '']) {
      assert.throws(
        () => dequantiser(name),
        (error) => error instanceof VeraError && error.code === 'format',
      );
    }
  });
});
