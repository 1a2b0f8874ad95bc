import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Tokenizer } from '@huggingface/tokenizers';
import { buildGguf, byteLevelKeys } from '../../../test/fixtures/gguf/build.ts';
import type { Value } from '../../../test/fixtures/gguf/build.ts';
import { readHeader } from './header.ts';
import { impliedMerges } from './merges.ts';
import { preTokenization } from './pretokenize.ts';
import { tokenizerFiles } from './tokenizer.ts';

const folder = mkdtempSync(join(tmpdir(), 'gguf-tokenizer-'));
after(() => rmSync(folder, { recursive: true }));

function filesOf(keys: [string, Value][]) {
  const file = join(folder, 'x.gguf');
  writeFileSync(file, buildGguf({ keys: [...new Map(keys)] }));
  return tokenizerFiles(readHeader(file), 1_000_000);
}
const load = (files: ReturnType<typeof filesOf>): Tokenizer => new Tokenizer(files.tokenizer, files.config);
const fields = (value: unknown) => value as Record<string, unknown>;

describe('SentencePiece BPE', () => {
  type Fixture = {
    tokens: string[];
    scores: number[];
    types: number[];
    encoded: { text: string; ids: number[]; decoded: string }[];
  };
  const fixture = JSON.parse(
    readFileSync(new URL('../../../test/fixtures/gguf/spm.json', import.meta.url), 'utf8'),
  ) as Fixture;
  const keys: [string, Value][] = [
    ['general.architecture', { type: 'string', value: 'llama' }],
    ['tokenizer.ggml.model', { type: 'string', value: 'llama' }],
    ['tokenizer.ggml.tokens', { type: 'array', of: 'string', values: fixture.tokens }],
    ['tokenizer.ggml.scores', { type: 'array', of: 'f32', values: fixture.scores }],
    ['tokenizer.ggml.token_type', { type: 'array', of: 'i32', values: fixture.types }],
    ['tokenizer.ggml.bos_token_id', { type: 'u32', value: 1 }],
    ['tokenizer.ggml.eos_token_id', { type: 'u32', value: 2 }],
    ['tokenizer.ggml.unknown_token_id', { type: 'u32', value: 0 }],
  ];

  for (const { text, ids, decoded } of fixture.encoded) {
    it(`gives SentencePiece's ids for ${JSON.stringify(text.slice(0, 40))}`, () => {
      const tokenizer = load(filesOf(keys));
      assert.deepEqual(tokenizer.encode(text).ids, [1, ...ids]);
      assert.deepEqual(tokenizer.encode(text, { add_special_tokens: false }).ids, ids);
      assert.equal(tokenizer.decode(ids), decoded);
    });
  }

  it('puts a space before the text after an added token too, as the tokenizer.json of Llama 2 does', () => {
    const tokenizer = load(filesOf(keys));
    const plain = (text: string): number[] => tokenizer.encode(text, { add_special_tokens: false }).ids;
    assert.deepEqual(plain('the<tool>dog'), [...plain('the'), fixture.tokens.indexOf('<tool>'), ...plain('dog')]);
  });

  it('leaves the space before the text out where the file says so', () => {
    const without: [string, Value] = ['tokenizer.ggml.add_space_prefix', { type: 'bool', value: false }];
    const tokenizer = load(filesOf([...keys, without]));
    const ids = tokenizer.encode('The dog', { add_special_tokens: false }).ids;
    assert.notDeepEqual(ids, load(filesOf(keys)).encode('The dog', { add_special_tokens: false }).ids);
    assert.equal(tokenizer.decode(ids), 'The dog');
  });

  it('adds no beginning and an end where the file says so', () => {
    const flags: [string, Value][] = [
      ['tokenizer.ggml.add_bos_token', { type: 'bool', value: false }],
      ['tokenizer.ggml.add_eos_token', { type: 'bool', value: true }],
    ];
    const ids = load(filesOf([...keys, ...flags])).encode('The dog').ids;
    assert.equal(ids.at(-1), 2);
    assert.notEqual(ids[0], 1);
  });

  it('refuses scores that do not match the tokens, and vocabularies made to take for ever', () => {
    const scores: [string, Value] = ['tokenizer.ggml.scores', { type: 'array', of: 'f32', values: [1, 2] }];
    assert.throws(() => filesOf([...keys, scores]), /scores needs one number for each/);
    const pieces = new Map(Array.from({ length: 40_000 }, (_, i) => [`${'a'.repeat(1000)}${i}`, { id: i, score: -i }]));
    assert.throws(() => impliedMerges('x', pieces), /too long/);
  });
});

describe('byte-level BPE', () => {
  const base = (pre: string, merges: string[] = ['a b', 'ab c']): [string, Value][] => [
    ['general.architecture', { type: 'string', value: 'llama' }],
    ...byteLevelKeys(pre, merges),
  ];

  /** How the named pre-tokenizer cuts a text, as the tokens of a vocabulary in which everything may merge within a piece. */
  const pieces = (pre: string, text: string): string[] => {
    const built = filesOf(base(pre));
    const tokenizer = load(built);
    const cut = (
      tokenizer as unknown as { pre_tokenizer: { pre_tokenize: (text: string) => string[] } }
    ).pre_tokenizer.pre_tokenize(text);
    return cut.map((piece) => piece.replaceAll('Ġ', ' ').replaceAll('Ċ', '\n'));
  };

  const cuts: [string, string, string[]][] = [
    ['smollm', 'x = 123  4', ['x', ' =', ' ', '1', '2', '3', '  ', '4']],
    ['starcoder', "it's 42", ['it', "'s", ' ', '4', '2']],
    ['gpt-2', 'x = 123  4', ['x', ' =', ' 123', ' ', ' 4']],
    ['qwen2', 'x = 123  4\n\n y', ['x', ' =', ' ', '1', '2', '3', ' ', ' ', '4', '\n\n', ' y']],
    ['qwen2', "IT'S (ok)", ['IT', "'S", ' (', 'ok', ')']],
    ['llama-bpe', 'x = 12345\n', ['x', ' =', ' ', '123', '45', '\n']],
    ['llama-bpe', "we'LL go()", ['we', "'LL", ' go', '()']],
    ['tekken', 'camelCase 12', ['camel', 'Case', ' ', '1', '2']],
    ['deepseek-coder', 'a b\nc1', ['a', ' b', '\n', 'c', '1']],
  ];
  for (const [pre, text, expected] of cuts) {
    it(`${pre} cuts ${JSON.stringify(text)} as the model's own tokenizer does`, () =>
      assert.deepEqual(pieces(pre, text), expected));
  }

  it('merges, keeps control tokens whole and goes back to the text', () => {
    const tokenizer = load(filesOf(base('smollm')));
    const abc = 256 + 1;
    assert.deepEqual(tokenizer.encode('abc<|eos|>').ids, [abc, 259]);
    for (const text of ['naïve 日本 🎉\n\tx', '  two', '\u0000\u007f', 'a<|bos|>b']) {
      assert.equal(tokenizer.decode(tokenizer.encode(text).ids, { skip_special_tokens: false }), text);
    }
  });

  it('adds the beginning-of-text token where the file or its kind says so', () => {
    const bos = 258;
    const flag = (value: boolean): [string, Value] => ['tokenizer.ggml.add_bos_token', { type: 'bool', value }];
    assert.deepEqual(load(filesOf(base('llama-bpe'))).encode('abc').ids, [bos, 257]);
    assert.deepEqual(load(filesOf([...base('llama-bpe'), flag(false)])).encode('abc').ids, [257]);
    assert.deepEqual(load(filesOf(base('qwen2'))).encode('abc').ids, [257]);
    assert.deepEqual(load(filesOf([...base('qwen2'), flag(true)])).encode('abc').ids, [bos, 257]);
  });

  it('writes names, template and limits into tokenizer_config.json', () => {
    const files = filesOf([
      ...base('smollm'),
      ['tokenizer.chat_template', { type: 'string', value: '{{ messages }}' }],
      ['llama.context_length', { type: 'u32', value: 2048 }],
      ['tokenizer.ggml.eot_token_id', { type: 'u32', value: 257 }],
    ]);
    const config = fields(files.config);
    assert.equal(config['chat_template'], '{{ messages }}');
    assert.equal(config['bos_token'], '<|bos|>');
    assert.equal(config['pad_token'], null);
    assert.equal(config['model_max_length'], 2048);
    assert.deepEqual(fields(files.generation)['eos_token_id'], [259, 257]);
    assert.deepEqual(Object.keys(fields(config['added_tokens_decoder'])), ['257', '258', '259']);
  });

  it('leaves out the rows that only fill the embedding up', () => {
    const keys = new Map(base('smollm'));
    const tokens = (keys.get('tokenizer.ggml.tokens') as { values: string[] }).values;
    const types = (keys.get('tokenizer.ggml.token_type') as { values: number[] }).values;
    keys.set('tokenizer.ggml.tokens', { type: 'array', of: 'string', values: [...tokens, '[PAD260]', '__proto__'] });
    keys.set('tokenizer.ggml.token_type', { type: 'array', of: 'i32', values: [...types, 5, 1] });
    const vocabulary = fields(
      fields(fields(JSON.parse(JSON.stringify(filesOf([...keys]).tokenizer)))['model'])['vocab'],
    );
    assert.ok(!Object.hasOwn(vocabulary, '[PAD260]'));
    assert.equal(Object.getOwnPropertyDescriptor(vocabulary, '__proto__')?.value, 261);
  });

  it('files that do not name it are cut as their vocabulary or the standard of their architecture says', () => {
    const none = (): boolean => false;
    const splits = (name: string | undefined, standard: string | undefined, has: (token: string) => boolean) =>
      preTokenization('x', name, standard, has).splits.join();
    assert.equal(splits(undefined, 'qwen2', none), splits('qwen2', undefined, none));
    assert.equal(splits('default', undefined, none), splits('gpt-2', undefined, none));
    assert.equal(
      splits(undefined, 'qwen2', (token) => token === '<|begin_of_text|>'),
      splits('llama-bpe', undefined, none),
    );
  });
});
