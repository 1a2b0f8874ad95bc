import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MethodOptions } from './method.ts';
import { storedForm } from './stored.ts';

const sites = [{ path: 'a', layer: 0, dIn: 3, dOut: 2, bias: false }];

test('options that a method cannot compute with are refused by their labels', () => {
  const form = (method: string, options: MethodOptions) => () => storedForm(method, sites, options);
  const lora = { rank: 2, alpha: 2, dropout: 0 };
  assert.deepEqual(
    form('lora', lora)().tensors.map(({ shape }) => shape),
    [
      [2, 3],
      [2, 2],
    ],
  );
  assert.throws(form('lora', { ...lora, rank: 1.5 }), /^VeraError: its rank is not a whole number$/);
  assert.throws(form('lora', { ...lora, alpha: 'much' }), /^VeraError: its alpha is not a number$/);
  assert.throws(form('lora', { ...lora, dropout: true }), /^VeraError: its dropout is not a number$/);
  const vera = { rank: 2, projectionKey: 0, dInitial: 0.1, dropout: 0 };
  assert.throws(
    form('vera', { ...vera, projectionKey: '0' }),
    /^VeraError: its projection seed is not a whole number$/,
  );
  assert.throws(form('vera', { ...vera, dInitial: 'x' }), /^VeraError: its initial d is not a number$/);
});
