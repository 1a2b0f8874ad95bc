import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { adapterTensors } from '../export/adapter.ts';
import type { Adapter } from '../export/adapter.ts';
import { writePeft } from '../formats/peft.ts';
import type { LinearSite } from '../models/adaptation.ts';
import { FIRST_OPTIONS } from './options.ts';
import { adapterMethod } from './registry.ts';
import { savings } from './savings.ts';

const root = mkdtempSync(join(tmpdir(), 'savings-'));
after(() => rmSync(root, { recursive: true }));
let count = 0;

const site = (path: string, dIn: number, dOut: number): LinearSite => ({ path, layer: 0, dIn, dOut, bias: false });

test('the bytes are those of the file that is written', async () => {
  const size = fc.integer({ min: 1, max: 40 });
  const sites = fc
    .array(fc.tuple(size, size), { minLength: 1, maxLength: 12 })
    .map((sizes) => sizes.map(([dIn, dOut], i) => site(`model.layers.${i}.self_attn.q_proj`, dIn, dOut)));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('vera', 'lora'), sites, size, fc.boolean(), async (method, layers, rank, full) => {
      const options = { ...FIRST_OPTIONS, rank };
      const { parameters } = adapterMethod(method).create(layers, options, []);
      const total = parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
      const adapter: Adapter = { method, options, sites: layers, targets: 'q_proj', theta: new Float32Array(total) };
      const dir = join(root, String(count++));
      await writePeft(dir, { config: {}, tensors: adapterTensors(adapter, full) });
      const planned = savings(adapterMethod(method), layers, options);
      assert.equal(planned.parameters, total);
      assert.equal(full ? planned.fullBytes : planned.bytes, statSync(join(dir, 'adapter_model.safetensors')).size);
    }),
    { numRuns: 40 },
  );
});

test('the formulas of the paper: L (d + r) and 2 L d r, at sizes no machine could hold', () => {
  const layers = Array.from({ length: 192 }, (_, i) => site(`h.${i}`, 12288, 12288));
  const planned = savings(adapterMethod('vera'), layers, { rank: 256 });
  assert.equal(planned.parameters, 192 * (12288 + 256));
  assert.equal(planned.valueBytes, 4 * planned.parameters);
  assert.equal(planned.gradientBytes, 4 * planned.parameters);
  assert.equal(planned.optimizerBytes, 8 * planned.parameters);
  assert.equal(savings(adapterMethod('lora'), layers, { rank: 16 }).parameters, 2 * 192 * 12288 * 16);
});
