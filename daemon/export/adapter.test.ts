/** Adapter folders as PEFT writes and reads them. Long because each way in which such a folder is wrong has its case. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { adapterFixture, adapterNames, modelFixture } from '../../test/fixtures/read.ts';
import { readPeft, writePeft } from '../formats/peft.ts';
import type { PeftAdapter } from '../formats/peft.ts';
import { FIRST_OPTIONS } from '../methods/options.ts';
import { startAt, startOf, type StartOptions } from '../methods/start.ts';
import { selectSites } from '../methods/targets.ts';
import { openBase } from '../models/base.ts';
import type { BaseModel } from '../models/base.ts';
import { linearSites } from '../models/registry.ts';
import { VeraError } from '../protocol/errors.ts';
import { adaptationOf, loadAdapter, loadForm, saveAdapter, statedBase } from './adapter.ts';
import type { Adapter } from './adapter.ts';
import { peft } from './formats/peft.ts';
import { SIDECAR } from './sidecar.ts';

const work = mkdtempSync(join(tmpdir(), 'vera-adapter-'));
after(() => rmSync(work, { recursive: true, force: true }));
let count = 0;
const fresh = (): string => join(work, `${count++}`);
const model = (name: string): BaseModel => openBase(modelFixture(name).dir, join(work, 'cache'));
const llama = model('llama');

const bits = (values: Float32Array): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
const size = (adapter: Pick<Adapter, 'method' | 'options' | 'sites'>): number =>
  adaptationOf(adapter).parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);

function sameAdapter(actual: Adapter, expected: Adapter): void {
  assert.ok(bits(actual.theta).equals(bits(expected.theta)), 'theta differs');
  const { theta: _one, ...rest } = actual;
  const { theta: _two, ...others } = expected;
  assert.deepEqual(rest, others);
}

for (const name of adapterNames()) {
  const { dir, adapter: folder } = adapterFixture(name);
  const base = openBase(dir, join(work, 'cache'));
  for (const projection of [true, false]) {
    test(`${name}: PEFT's folder through ours and back, ${projection ? 'full' : 'seed only'}`, async () => {
      const { adapter } = loadAdapter(folder, base);
      const out = fresh();
      await saveAdapter(out, adapter, { projection });
      sameAdapter(loadAdapter(out, base).adapter, adapter);
      const [theirs, ours] = [readPeft(folder), readPeft(out)];
      const shared = ['base_model.vera_A', 'base_model.vera_B'];
      assert.deepEqual(
        shared.map((key) => ours.tensors.has(key)),
        shared.map(() => projection && adapter.method === 'vera'),
      );
      for (const [key, { shape, data }] of theirs.tensors) {
        const written = ours.tensors.get(key);
        if (!written && shared.includes(key)) continue;
        assert.deepEqual(written?.shape, shape, key);
        assert.ok(bits(written.data).equals(bits(data)), key);
      }
      for (const key of ['peft_type', 'r', 'bias', 'task_type', 'projection_prng_key', 'd_initial', 'lora_alpha']) {
        assert.deepEqual(ours.config[key], theirs.config[key], key);
      }
    });
  }
}

test('any adapter of ours comes back bit by bit', async () => {
  const names = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'];
  const uneven = '.*0.self_attn.(q|v)_proj|.*1.mlp.up_proj';
  const targets = fc.oneof(
    fc.subarray(names, { minLength: 1 }).map((some) => some.join(',')),
    fc.constantFrom('all-linear', uneven),
  );
  const settings = fc.record({
    method: fc.constantFrom('vera' as const, 'lora' as const),
    targets,
    layers: fc.constantFrom(undefined, '0', '1', '0-1'),
    rank: fc.integer({ min: 1, max: 12 }),
    key: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    alpha: fc.double({ min: 0.1, max: 500, noNaN: true }),
    projection: fc.boolean(),
    seed: fc.integer(),
  });
  const property = fc.asyncProperty(
    settings,
    async ({ method, targets, layers, rank, key, alpha, projection, seed }) => {
      if (targets === uneven) layers = undefined;
      const sites = selectSites(linearSites(llama.config), targets, layers);
      const options = { ...FIRST_OPTIONS, rank, projectionKey: key, alpha, dropout: 0.25, seed };
      const theta = new Float32Array(size({ method, options, sites })).map((_, i) => Math.sin(i * 1.7 + seed));
      const adapter: Adapter = {
        method,
        options,
        sites,
        targets,
        theta,
        baseFingerprint: llama.fingerprint,
        basePath: 'a/b',
        run: { steps: 3 },
      };
      const out = fresh();
      await saveAdapter(out, adapter, { projection });
      sameAdapter(loadAdapter(out, llama).adapter, adapter);
      assert.equal(statedBase(out), 'a/b');
    },
  );
  await fc.assert(property, { numRuns: 40 });
});

test('an adapter that starts late comes back with its start; PEFT is told where it can be, and otherwise the export warns', async () => {
  const starts: [string, StartOptions, unknown, boolean][] = [
    ['vera', startAt('middle', [7]), undefined, true],
    ['vera', { activateAfter: 'answer' }, undefined, true],
    ['lora', startAt('middle', [7]), [7], false],
    ['lora', startAt('<|im_start|>assistant', [1, 20]), [1, 20], false],
    ['lora', { activateAfter: 'answer' }, undefined, true],
    ['lora', {}, undefined, false],
  ];
  for (const [method, start, tokens, warns] of starts) {
    const sites = selectSites(linearSites(llama.config), 'q_proj');
    const options = { ...FIRST_OPTIONS, rank: 3, ...start };
    const theta = new Float32Array(size({ method, options, sites })).fill(0.5);
    const adapter = { method, options, sites, targets: 'q_proj', theta, baseFingerprint: llama.fingerprint };
    const out = fresh();
    const { warning } = await peft.write(
      out,
      { adapter, adaptation: adaptationOf(adapter), base: llama },
      {},
      { cache: '' },
    );
    assert.deepEqual(readPeft(out).config['alora_invocation_tokens'], tokens);
    assert.equal(warning !== undefined, warns, `${method} ${start.activateAfter}`);
    if (warns) assert.match(warning!, /there it acts on every token/);
    const back = loadAdapter(out, llama);
    assert.deepEqual(back.adapter.options, options);
    assert.equal(back.adaptation.late, start.activateAfter !== undefined);
    assert.deepEqual(loadForm(out, llama).options, options);
  }
});

/** A PEFT folder of a fixture, changed; as one from elsewhere, without our file. */
async function changed(
  name: string,
  change: (adapter: PeftAdapter) => void,
): Promise<{ dir: string; base: BaseModel }> {
  const { adapter: folder, dir: baseDir } = adapterFixture(name);
  const adapter = readPeft(folder);
  change(adapter);
  const dir = fresh();
  await writePeft(dir, adapter);
  return { dir, base: openBase(baseDir, join(work, 'cache')) };
}

test('stored A and B that are not those of the key are kept, used, and never left out', async () => {
  const { dir, base } = await changed('vera-all-linear-full', ({ tensors }) => {
    tensors.get('base_model.vera_A')!.data[5]! += 0.25;
  });
  const { adapter } = loadAdapter(dir, base);
  assert.equal(adapter.frozen?.[0]!.data[5], readPeft(dir).tensors.get('base_model.vera_A')!.data[5]);
  await assert.rejects(
    saveAdapter(fresh(), adapter, { projection: false }),
    /not those of its key 0.*have to be stored/,
  );
  const out = fresh();
  await saveAdapter(out, adapter, { projection: true });
  sameAdapter(loadAdapter(out, base).adapter, adapter);
});

const config = (values: Record<string, unknown>) => (adapter: PeftAdapter) =>
  void Object.assign(adapter.config, values);
const taken: [string, string, (adapter: PeftAdapter) => void, (adapter: Adapter) => void][] = [
  [
    'target_modules all-linear',
    'lora-all-linear',
    config({ target_modules: 'all-linear' }),
    ({ sites }) => assert.equal(sites.length, 14),
  ],
  [
    'a regular expression',
    'lora-qv',
    config({ target_modules: '.*\\.(?P<m>q|v)_proj' }),
    ({ sites }) => assert.equal(sites.length, 4),
  ],
  [
    'layers_to_transform',
    'lora-qv',
    config({ layers_to_transform: [0, 1], layers_pattern: 'layers' }),
    ({ sites }) => assert.equal(sites.length, 4),
  ],
  [
    'exclude_modules',
    'lora-qv',
    config({
      target_modules: 'all-linear',
      exclude_modules: ['k_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
    }),
    ({ targets }) => assert.equal(targets, 'q_proj,v_proj'),
  ],
  ['use_rslora', 'lora-qv', config({ use_rslora: true }), ({ options }) => assert.equal(options.alpha, 32)],
  [
    'invocation tokens',
    'lora-qv',
    config({ alora_invocation_tokens: [7, 3] }),
    ({ options }) => assert.deepEqual(startOf(options), { tokens: [7, 3] }),
  ],
  [
    'no invocation tokens',
    'lora-qv',
    config({ alora_invocation_tokens: null }),
    ({ options }) => assert.equal(startOf(options), undefined),
  ],
  [
    'patterns that change nothing',
    'lora-qv',
    config({ rank_pattern: { q_proj: 4, lm_head: 99 }, alpha_pattern: { v_proj: 16, k_proj: 2 } }),
    ({ options }) => assert.equal(options.alpha, 16),
  ],
];
/** Names as other programs write them. */
const renamed = (rename: (name: string) => string) => (adapter: PeftAdapter) =>
  void (adapter.tensors = new Map([...adapter.tensors].map(([name, tensor]) => [rename(name), tensor])));
for (const [what, rename] of [
  ['torch.compile', (name) => `_orig_mod.${name}`],
  ['torch.compile inside', (name) => name.replace('base_model.model.', 'base_model.model._orig_mod.')],
  ['DDP', (name) => `module.${name}`],
  ['FSDP', (name) => name.replace('layers.0.', 'layers.0._fsdp_wrapped_module.')],
  ['DDP around torch.compile', (name) => `module._orig_mod.${name}`],
  ['the base alone', (name) => name.replace('base_model.model.', '')],
  ['a base without its head', (name) => name.replace('model.model.model.', 'model.model.')],
  ['a state saved by hand', (name) => name.replace(/(lora_[AB])\.weight$/, '$1.default.weight')],
] as const satisfies [string, (name: string) => string][])
  test(`names of tensors that ${what} made are read as PEFT's`, async () => {
    const { dir, base } = await changed('lora-qv', renamed(rename));
    const plain = await changed('lora-qv', () => undefined);
    assert.deepEqual(loadAdapter(dir, base).adapter.theta, loadAdapter(plain.dir, plain.base).adapter.theta);
  });

test('A and B under a name of their own are read too', async () => {
  const { dir, base } = await changed(
    'vera-all-linear-full',
    renamed((name) => `${name}.default`),
  );
  assert.equal(loadAdapter(dir, base).adapter.sites.length, 14);
});

for (const [what, name, change, check] of taken) {
  test(`a folder from elsewhere with ${what}`, async () => {
    const { dir, base } = await changed(name, change);
    check(loadAdapter(dir, base).adapter);
  });
}

const drop = (name: string) => (adapter: PeftAdapter) =>
  void adapter.tensors.delete(`base_model.model.model.layers.${name}`);
const add = (name: string) => (adapter: PeftAdapter) =>
  void adapter.tensors.set(name, { shape: [1], data: new Float32Array(1) });
const refused: [string, string, (adapter: PeftAdapter) => void, RegExp][] = [
  [
    'two adapters in one file',
    'lora-qv',
    renamed((name) =>
      name.replace(/(lora_[AB])\.weight$/, (_, part) => `${part}.${part === 'lora_A' ? 'one' : 'two'}.weight`),
    ),
    /holds several adapters \("one", "two"\)/,
  ],
  [
    'a model with a tower of its own',
    'lora-qv',
    renamed((name) => name.replace('model.model.model.', 'model.model.language_model.')),
    /language_model.* belongs to no linear layer/,
  ],
  ['another method', 'lora-qv', config({ peft_type: 'IA3' }), /peft_type "IA3".*VERA and LORA/],
  ['DoRA', 'lora-qv', config({ use_dora: true }), /"use_dora" true.*DoRA/],
  [
    'layers saved whole',
    'lora-qv',
    config({ modules_to_save: ['lm_head'] }),
    /"modules_to_save" \["lm_head"\].*replaces whole layers/,
  ],
  ['biases', 'vera-qv-seed-only', config({ bias: 'vera_only' }), /"bias" "vera_only".*biases/],
  ['a bias of B', 'lora-qv', config({ lora_bias: true }), /"lora_bias"/],
  ['ranks of their own', 'lora-qv', config({ rank_pattern: { q_proj: 2 } }), /"rank_pattern" \{"q_proj":2\}.*4/],
  ['alphas of their own', 'lora-qv', config({ alpha_pattern: { q_proj: 2 } }), /"alpha_pattern"/],
  [
    'a start that changes the base',
    'lora-qv',
    config({ init_lora_weights: 'pissa' }),
    /"init_lora_weights" "pissa".*changes the base/,
  ],
  ['replicated layers', 'lora-qv', config({ layer_replication: [[0, 1]] }), /"layer_replication"/],
  ['a setting nobody knows', 'lora-qv', config({ use_warp: 0.5 }), /"use_warp" 0.5.*not known here/],
  ['a rank of zero', 'lora-qv', config({ r: 0 }), /"r" has to be a positive whole number, not 0/],
  [
    'a key that is a text',
    'vera-qv-seed-only',
    config({ projection_prng_key: '7' }),
    /"projection_prng_key" has to be/,
  ],
  [
    'a rank of another adapter',
    'vera-qv-seed-only',
    config({ r: 9 }),
    /layers\.0\.self_attn\.q_proj\.vera_lambda_d" has shape \[8\].*rank 9.*\[9\]/,
  ],
  ['a huge rank', 'vera-qv-seed-only', config({ r: 2 ** 40 }), /vera_lambda_d" has shape/],
  ['a dropout of one', 'lora-qv', config({ lora_dropout: 1 }), /"lora_dropout"/],
  ['targets of a wrong type', 'lora-qv', config({ target_modules: 7 }), /"target_modules" has to be a list of names/],
  ['layers of a wrong type', 'lora-qv', config({ layers_to_transform: ['0'] }), /"layers_to_transform" has to be/],
  [
    'a layer its list leaves out',
    'lora-qv',
    config({ layers_to_transform: [1] }),
    /has tensors for "model\.layers\.0.*leave out/,
  ],
  [
    'a layer its list names missing',
    'lora-qv',
    config({ target_modules: ['q_proj', 'v_proj', 'o_proj'] }),
    /no tensor for "model\.layers\.0\.self_attn\.o_proj"/,
  ],
  [
    'half a pair',
    'lora-qv',
    drop('0.self_attn.q_proj.lora_B.weight'),
    /tensor "base_model\.model\.model\.layers\.0\.self_attn\.q_proj\.lora_B\.weight" is missing/,
  ],
  [
    'an adapted head',
    'lora-qv',
    add('base_model.model.lm_head.lora_A.weight'),
    /lm_head\.lora_A\.weight" belongs to no linear layer.*the head/,
  ],
  [
    'more layers',
    'lora-qv',
    add('base_model.model.model.layers.2.self_attn.q_proj.lora_A.weight'),
    /layers\.2\.self_attn.*belongs to no linear layer/,
  ],
  [
    'a magnitude vector',
    'lora-qv',
    add('base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector.weight'),
    /lora_magnitude_vector/,
  ],
  [
    'VeRA tensors in LoRA',
    'lora-qv',
    add('base_model.model.model.layers.0.self_attn.q_proj.vera_lambda_b'),
    /no place in a lora adapter/,
  ],
  ['A and B promised', 'vera-qv-seed-only', config({ save_projection: true }), /save_projection promises/],
  [
    'A without B',
    'vera-all-linear-full',
    ({ tensors }) => void tensors.delete('base_model.vera_B'),
    /vera_B is missing/,
  ],
  [
    'A of other layers',
    'vera-all-linear-full',
    ({ tensors }) => void tensors.set('base_model.vera_A', { shape: [6, 8], data: new Float32Array(48) }),
    /vera_A has shape \[6, 8\], but these layers take \[6, 56\]/,
  ],
  [
    'no tensor at all',
    'lora-qv',
    (adapter) => {
      adapter.tensors.clear();
      adapter.config['target_modules'] = '.*';
    },
    /adapts no layer/,
  ],
];
for (const [what, name, change, says] of refused) {
  test(`refused: ${what}`, async () => {
    const { dir, base } = await changed(name, change);
    assert.throws(
      () => loadAdapter(dir, base),
      (error) =>
        error instanceof VeraError &&
        error.code === 'adapter' &&
        says.test(error.message) &&
        !error.message.includes('\n'),
    );
  });
}

test('another base is refused: ours by fingerprint, one from elsewhere by the tensor that does not fit', async () => {
  const { adapter: folder, dir } = adapterFixture('vera-qv-seed-only');
  assert.throws(
    () => loadAdapter(folder, llama),
    /self_attn\.q_proj\.vera_lambda_b" has shape \[48\], but rank 8 on this base takes \[32\]/,
  );
  const out = fresh();
  await saveAdapter(out, loadAdapter(folder, openBase(dir, join(work, 'cache'))).adapter, { projection: false });
  assert.throws(
    () => loadAdapter(out, llama),
    /trained on another base .*fingerprint [0-9a-f]{12}, but .* has [0-9a-f]{12}; choose the base model it was trained on/,
  );
  // One weight changed by its lowest bit is another base too.
  const copy = fresh();
  cpSync(dir, copy, { recursive: true });
  const file = join(copy, 'model.safetensors');
  const data = readFileSync(file);
  data[data.length - 2]! ^= 1;
  writeFileSync(file, data);
  assert.throws(() => loadAdapter(out, openBase(copy, join(work, 'cache'))), /another base/);
});

test('a damaged vera.json is refused by name', async () => {
  const { dir, base } = await changed('lora-qv', () => undefined);
  for (const [text, says] of [
    ['{', /vera\.json".*not valid JSON/],
    ['{"version":2}', /version 2 is not known/],
    ['{"version":1,"targets":3}', /targets is not a text/],
    ['{"version":1,"options":{"seed":"x"}}', /option "seed" of vera\.json is not a number/],
    ['{"version":1,"run":[]}', /run is not an object/],
  ] as const) {
    writeFileSync(join(dir, SIDECAR), text);
    assert.throws(() => loadAdapter(dir, base), says);
  }
});

test('an occupied folder is refused and stays as it is', async () => {
  const { adapter } = loadAdapter(adapterFixture('lora-qv').adapter, model('llama3-rope'));
  const out = mkdtempSync(join(work, 'occupied-'));
  writeFileSync(join(out, 'mine'), 'x');
  await assert.rejects(saveAdapter(out, adapter, { projection: true }), /not empty/);
  assert.equal(readFileSync(join(out, 'mine'), 'utf8'), 'x');
});
