import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { CHATML, HEADERS, tinyTokenizer } from '../../test/fixtures/tokenizer/build.ts';
import { createPipeline } from './pipeline.ts';
import { alignWithRust } from './tokenizer-json.ts';
import { loadTokenizer } from './tokenizer.ts';

test('any text comes back from its ids', () => {
  const tokenizer = loadTokenizer(tinyTokenizer());
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (text) => {
      assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
    }),
  );
  assert.equal(tokenizer.decode([]), '');
});

test('the fast merge loop gives the ids of the library', () => {
  const dir = tinyTokenizer();
  const json = JSON.parse(readFileSync(join(dir, 'tokenizer.json'), 'utf8')) as Record<string, unknown>;
  const plain = createPipeline(alignWithRust(json), {});
  const fast = loadTokenizer(dir);
  const word = fc.constantFrom('the', ' quick', 'function', 'ththth', ' ', '\n', 'é', 'return', 'a'.repeat(90), '日本');
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), (words) => {
      const text = words.join('');
      assert.deepEqual(fast.encode(text), plain.encode(text, { add_special_tokens: true }).ids);
    }),
  );
});

test('white space and digits are those of Unicode', () => {
  const dir = tinyTokenizer();
  const file = join(dir, 'tokenizer.json');
  const json = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  const split = (pre: unknown, text: string): string[] => {
    const pipeline = createPipeline(alignWithRust({ ...json, pre_tokenizer: pre }), {}) as unknown as {
      pre_tokenizer: (text: string) => string[];
    };
    return pipeline.pre_tokenizer(text);
  };
  assert.deepEqual(split({ type: 'Digits', individual_digits: true }, 'a1²٣b'), ['a', '1', '²', '٣', 'b']);
  // U+0085 is white space to Rust and not to JavaScript; U+FEFF the other way about.
  const pattern = { type: 'Split', pattern: { Regex: '\\s+' }, behavior: 'Isolated', invert: false };
  assert.deepEqual(split(pattern, 'a\u0085b\uFEFFc'), ['a', '\u0085', 'b\uFEFFc']);
});

test('special tokens: ids, skipping, beginning of text', () => {
  const tokenizer = loadTokenizer(tinyTokenizer({ addBos: true, fim: true }));
  assert.equal(tokenizer.encode('hello')[0], tokenizer.bosId);
  assert.notEqual(tokenizer.encode('hello', { addSpecialTokens: false })[0], tokenizer.bosId);
  assert.equal(tokenizer.eosId, tokenizer.tokenId('<|end|>'));
  assert.equal(tokenizer.decode(tokenizer.encode('hello<|end|>'), { skipSpecialTokens: true }), 'hello');
  assert.deepEqual(tokenizer.fim, {
    prefix: tokenizer.tokenId('<fim_prefix>'),
    middle: tokenizer.tokenId('<fim_middle>'),
    suffix: tokenizer.tokenId('<fim_suffix>'),
    stops: ['<fim_prefix>', '<fim_suffix>', '<fim_middle>'].map((token) => tokenizer.tokenId(token)),
  });
  assert.equal(tokenizer.vocabSize, tokenizer.fim.suffix + 1);
  assert.equal(loadTokenizer(tinyTokenizer()).fim, undefined);
});

test('chat templates: a string, a named list, a file of its own, none', () => {
  const chat = [{ role: 'user', content: 'hi' }];
  const plain = loadTokenizer(tinyTokenizer({ chatTemplate: CHATML }));
  assert.equal(
    plain.renderChat!(chat, { addGenerationPrompt: true }),
    '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n',
  );
  const named = [
    { name: 'default', template: 'plain' },
    { name: 'tool_use', template: '{{ tools | length }} tools' },
  ];
  const listed = loadTokenizer(tinyTokenizer({ chatTemplate: named }));
  assert.equal(listed.renderChat!(chat), 'plain');
  assert.equal(listed.renderChat!(chat, { tools: [{ name: 'x' }, { name: 'y' }] }), '2 tools');
  const dir = tinyTokenizer({ chatTemplate: 'from the config' });
  writeFileSync(join(dir, 'chat_template.jinja'), 'from the file');
  assert.equal(loadTokenizer(dir).renderChat!(chat), 'from the file');
  assert.ok(!('renderChat' in loadTokenizer(tinyTokenizer())));
});

test('a template uses the date that it is given', () => {
  const tokenizer = loadTokenizer(tinyTokenizer({ chatTemplate: HEADERS }));
  const text = tokenizer.renderChat!([{ role: 'user', content: ' hi ' }], { date: new Date('2024-07-26T12:00:00Z') });
  const note = '<|start_header|>note<|end_header|>\n\nToday: 26 Jul 2024<|eot|>';
  assert.equal(text, `<|begin|>${note}<|start_header|>user<|end_header|>\n\nhi<|eot|>`);
});

test('the error for a missing or broken tokenizer names the file', () => {
  const dir = mkdtempSync(join(tmpdir(), 'no-tokenizer-'));
  assert.throws(() => loadTokenizer(dir), { name: 'VeraError', message: /has no tokenizer\.json/ });
  writeFileSync(join(dir, 'tokenizer.json'), '{');
  assert.throws(() => loadTokenizer(dir), { message: /tokenizer\.json is not valid JSON/ });
  writeFileSync(join(dir, 'tokenizer.json'), '{}');
  assert.throws(() => loadTokenizer(dir), { message: /tokenizer\.json cannot be used/ });
  const broken = tinyTokenizer({ chatTemplate: '{% for %}' });
  assert.throws(() => loadTokenizer(broken).renderChat!([]), {
    code: 'model',
    message: /chat template of .* cannot be read/,
  });
});
