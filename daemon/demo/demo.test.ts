import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { temporaryFolder } from '../../test/temporary.ts';
import { batchOf, losses } from '../../test/step.ts';
import { isCodeName } from '../data/readers/code-kinds.ts';
import { loadTokenizer } from '../data/tokenizer.ts';
import { unadapted } from '../models/adaptation.ts';
import { openBase } from '../models/base.ts';
import { tensorShapes } from '../models/tensors.ts';

const folder = import.meta.dirname;
const cache = temporaryFolder();
const MODEL_FILES = readdirSync(folder).filter((name) => /\.(json|safetensors)$/.test(name));
const skip = existsSync(join(folder, 'model.safetensors'))
  ? false
  : 'the model is missing; README.md says how to make it';

/** Plain code in nobody's particular style, and not of the corpus. */
const CODE = `export function largest(values: readonly number[]): number {
  let result = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value !== undefined && value > result) {
      result = value;
    }
  }
  return result;
}

export class Counter {
  private count = 0;

  constructor(private readonly name: string) {}

  increment(): void {
    this.count += 1;
  }

  toString(): string {
    return \`\${this.name}: \${this.count}\`;
  }
}
`;

describe('the bundled tokenizer', () => {
  const tokenizer = loadTokenizer(folder);

  it('has the tokens of chat and of fill-in-the-middle, and gives text back', () => {
    for (const token of ['<|im_start|>', '<|im_end|>', '<|endoftext|>'])
      assert.ok(tokenizer.tokenId(token) !== undefined, token);
    const { prefix, middle, suffix } = tokenizer.fim!;
    assert.equal(new Set([prefix, middle, suffix]).size, 3);
    const chat = tokenizer.renderChat!([{ role: 'user', content: 'Hello' }], { addGenerationPrompt: true });
    assert.equal(chat, '<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n');
    assert.equal(tokenizer.encode(chat)[0], tokenizer.tokenId('<|im_start|>'));
    assert.equal(tokenizer.decode(tokenizer.encode(CODE)), CODE);
    assert.ok(tokenizer.encode(CODE).length < CODE.length / 2);
  });
});

describe('the bundled model', { skip }, () => {
  it('is at most 8 MB in float16, its tensors those of its config', () => {
    const bytes = MODEL_FILES.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    assert.ok(bytes <= 8_000_000, `${bytes} bytes in ${MODEL_FILES.join(', ')}`);
    const base = openBase(folder, cache);
    assert.deepEqual([...new Set([...base.tensors.values()].map(({ dtype }) => dtype))], ['F16']);
    for (const [name, shape] of tensorShapes(base.config)) assert.deepEqual(base.tensors.get(name)?.shape, shape, name);
    assert.equal(loadTokenizer(folder).vocabSize, base.config.vocabulary);
  });

  it('has learned code: its loss on a text it never saw is far below that of guessing', async () => {
    const base = openBase(folder, cache);
    const batch = batchOf([loadTokenizer(folder).encode(CODE)]);
    const options = { base, cache, adaptation: unadapted, theta: new Float32Array(), batch, train: false };
    const [result] = await losses(options, [options.theta]);
    const loss = result!.loss / batch.targets.length;
    assert.ok(loss > 0.5 && loss < 0.4 * Math.log(base.config.vocabulary), `loss ${loss}`);
  });
});

describe('the prompt of the demo', () => {
  it('is in no file that the demo learns from', () => {
    assert.equal(isCodeName('prompt.txt'), false);
    assert.ok(readFileSync(join(folder, 'prompt.txt'), 'utf8').trim().length > 0);
  });
});
