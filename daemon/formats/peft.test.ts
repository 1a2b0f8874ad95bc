import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { encodeFloats } from './float.ts';
import { readPeft, writePeft } from './peft.ts';
import type { PeftAdapter } from './peft.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';

const root = mkdtempSync(join(tmpdir(), 'peft-'));
after(() => rmSync(root, { recursive: true }));
let count = 0;
const next = () => join(root, String(count++));
const refuses = (dir: string, message: RegExp, code = 'format') =>
  assert.throws(() => readPeft(dir), { name: 'VeraError', code, message });
const folder = (config = '{"peft_type":"VERA"}') => {
  const dir = next();
  mkdirSync(dir);
  writeFileSync(join(dir, 'adapter_config.json'), config);
  return dir;
};

test('any adapter is read back as it was written', async () => {
  const tensors = fc.uniqueArray(fc.tuple(fc.string({ minLength: 1 }), fc.float32Array({ maxLength: 20 })), {
    selector: ([name]) => name,
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), tensors, async (config, list) => {
      const adapter: PeftAdapter = {
        config: JSON.parse(JSON.stringify(config)),
        tensors: new Map(list.map(([name, data]) => [name, { shape: [data.length, 1], data }])),
      };
      const dir = next();
      await writePeft(dir, adapter);
      assert.deepEqual(readPeft(dir), adapter);
    }),
    { numRuns: 60 },
  );
});

test('the folder holds the two files that PEFT looks for, F32, marked pt', async () => {
  const dir = next();
  const adapter = {
    config: { peft_type: 'VERA', r: 4 },
    tensors: new Map([['base_model.vera_A', { shape: [2, 2], data: new Float32Array([1, 2, 3, 4]) }]]),
  };
  await writePeft(dir, adapter);
  assert.deepEqual(readdirSync(dir).sort(), ['adapter_config.json', 'adapter_model.safetensors']);
  assert.deepEqual(JSON.parse(readFileSync(join(dir, 'adapter_config.json'), 'utf8')), adapter.config);
  const { tensors, metadata } = readSafetensors(join(dir, 'adapter_model.safetensors'));
  assert.deepEqual(metadata, { format: 'pt' });
  assert.equal(tensors.get('base_model.vera_A')?.dtype, 'F32');
  await assert.rejects(writePeft(dir, adapter), { code: 'usage', message: /exists and is not empty/ });
  assert.deepEqual(readPeft(dir), adapter);
});

test('an adapter whose shape and data disagree is not written', async () => {
  const dir = next();
  await assert.rejects(
    writePeft(dir, { config: {}, tensors: new Map([['a', { shape: [3], data: new Float32Array(2) }]]) }),
    { code: 'format', message: /"a" takes 12 bytes, but 8/ },
  );
  assert.ok(!readdirSync(root).some((name) => name.endsWith('.tmp')));
});

test('BF16 and F16 come as float32', () => {
  const dir = folder();
  const values = new Float32Array([0.5, -3]);
  writeSafetensors(
    join(dir, 'adapter_model.safetensors'),
    (['BF16', 'F16'] as const).map((dtype) => ({
      name: dtype,
      dtype,
      shape: [2],
      bytes: () => encodeFloats(dtype, values),
    })),
  );
  assert.deepEqual(
    [...readPeft(dir).tensors.values()],
    [
      { shape: [2], data: values },
      { shape: [2], data: values },
    ],
  );
});

test('a pickle is refused by content under either name; another .bin says what is missing', () => {
  const pickle = Buffer.from('\x80\x02}q\x00.', 'latin1');
  const dir = folder();
  writeFileSync(join(dir, 'adapter_model.bin'), pickle);
  refuses(dir, /adapter_model.bin" is a Python pickle/);
  writeFileSync(join(dir, 'adapter_model.safetensors'), pickle);
  refuses(dir, /adapter_model.safetensors" is a Python pickle/);
  const renamed = folder();
  writeSafetensors(join(renamed, 'adapter_model.bin'), []);
  refuses(renamed, /no adapter_model.safetensors/, 'adapter');
});

test('what is missing, linked out, wrong or huge is one clear error', () => {
  refuses(next(), /is not there/, 'adapter');
  refuses(folder(), /has no adapter_model\.safetensors; copy that file/, 'adapter');
  refuses(folder('[]'), /expected a JSON object/);
  refuses(folder('{"r":1,"r":2}'), /"r" appears twice/);
  refuses(folder(' '.repeat(10_000_001)), /only 10000000 are allowed/);
  writeSafetensors(join(root, 'elsewhere.safetensors'), []);
  const linked = folder();
  symlinkSync('../elsewhere.safetensors', join(linked, 'adapter_model.safetensors'));
  refuses(linked, /points outside its folder/);
  const integers = folder();
  writeSafetensors(join(integers, 'adapter_model.safetensors'), [
    { name: 'a', dtype: 'I64', shape: [1], bytes: () => new Uint8Array(8) },
  ]);
  refuses(integers, /"a" is I64/);
});

test('what is no adapter is named, with what to choose instead', () => {
  const parent = next();
  for (const name of ['checkpoint-50', 'checkpoint-500', 'checkpoint-1000']) {
    mkdirSync(join(parent, name), { recursive: true });
    writeFileSync(join(parent, name, 'adapter_config.json'), '{}');
  }
  refuses(
    parent,
    /its folders have: "checkpoint-50", "checkpoint-500", "checkpoint-1000"; choose one of them/,
    'adapter',
  );
  const one = next();
  mkdirSync(join(one, 'final'), { recursive: true });
  writeFileSync(join(one, 'final', 'adapter_config.json'), '{}');
  refuses(one, /its folder "final" has; choose that folder/, 'adapter');

  const withFile = (name: string, text = '{}') => {
    const dir = next();
    mkdirSync(dir);
    writeFileSync(join(dir, name), text);
    return dir;
  };
  refuses(withFile('config.json'), /is a whole model, not an adapter.*choose it as the base model/, 'adapter');
  refuses(withFile('adapters.safetensors'), /mlx-lm/, 'adapter');
  refuses(withFile('adapter_model.safetensors'), /no adapter_config\.json; copy that file/, 'adapter');
  refuses(withFile('pytorch_lora_weights.safetensors'), /LoRA of diffusers/, 'adapter');
  refuses(withFile('lora.gguf', 'GGUF'), /"lora\.gguf" is not of PEFT; use the PEFT folder/, 'adapter');
  refuses(join(withFile('lora.gguf', 'GGUF'), 'lora.gguf'), /is a GGUF file, such as llama\.cpp makes/, 'adapter');
  refuses(join(withFile('a.safetensors'), 'a.safetensors'), /is a file; an adapter is a folder/, 'adapter');
  refuses(
    folder('{"fine_tune_type":"lora","num_layers":2,"lora_parameters":{}}'),
    /adapter of mlx-lm.*fuse/,
    'adapter',
  );
});
