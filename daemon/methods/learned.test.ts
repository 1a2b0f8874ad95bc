import assert from 'node:assert/strict';
import { test } from 'node:test';
import { learned } from './learned.ts';
import { adapterMethod } from './registry.ts';

const vera = adapterMethod('vera');
const options = { rank: 1 };
/** Values of the figures by name. */
const valuesOf = (shown: ReturnType<typeof learned>) =>
  Object.fromEntries(shown!.figures.map(({ name, values }) => [name, values]));

test('mean absolute b and d, by layer and module', () => {
  const site = (layer: number, name: string, dOut: number) => ({
    ...{ path: `model.layers.${layer}.self_attn.${name}`, layer, dIn: 4, dOut, bias: false },
  });
  const theta = Float32Array.of(1, -3, 0.5, /**/ 2, -0.25, /**/ -4, 4, 1);
  const sites = [site(0, 'q_proj', 2), site(0, 'v_proj', 1), site(2, 'q_proj', 2)];
  const shown = learned(vera, sites, options, theta);
  assert.deepEqual(
    [shown?.layers, shown?.modules],
    [
      [0, 2],
      ['q_proj', 'v_proj'],
    ],
  );
  assert.deepEqual(valuesOf(shown), {
    b: [
      [2, 2],
      [4, null],
    ],
    d: [
      [0.5, 0.25],
      [1, null],
    ],
  });
});

test('the head takes its part of the vector and is not shown', () => {
  const head = { path: 'lm_head', dIn: 4, dOut: 2, bias: false };
  const q = { path: 'model.layers.1.self_attn.q_proj', layer: 1, dIn: 4, dOut: 1, bias: false };
  const shown = learned(vera, [head, q], options, Float32Array.of(9, 9, 9, 7, 0.5));
  assert.deepEqual([shown?.layers, shown?.modules], [[1], ['q_proj']]);
  assert.deepEqual(valuesOf(shown), { b: [[7]], d: [[0.5]] });
});

test('a method without figures has no picture', () => {
  const q = { path: 'model.layers.1.self_attn.q_proj', layer: 1, dIn: 4, dOut: 1, bias: false };
  assert.equal(learned(adapterMethod('lora'), [q], options, new Float32Array(5)), null);
});
