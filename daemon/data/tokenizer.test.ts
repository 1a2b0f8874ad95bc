import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { CHATML, HEADERS, tinyTokenizer } from '../../test/fixtures/tokenizer/build.ts';
import { parseJsonText } from './json.ts';
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

  // As transformers saves several: the default one, and the others in a folder.
  mkdirSync(join(dir, 'additional_chat_templates'));
  writeFileSync(join(dir, 'additional_chat_templates', 'tool_use.jinja'), '{{ tools | length }} in the folder');
  assert.equal(loadTokenizer(dir).renderChat!(chat), 'from the file');
  assert.equal(loadTokenizer(dir).renderChat!(chat, { tools: [{ name: 'x' }] }), '1 in the folder');
});

test('messages without content and arguments of tool calls are given as the template needs them', () => {
  const call = { function: { name: 'f', arguments: parseJsonText('{"to": 25.0,"2024": 12345678901234567890}') } };
  const messages = [{ role: 'assistant', content: null, tool_calls: [call], reasoning: 'why' }];
  const write = (template: string) => loadTokenizer(tinyTokenizer({ chatTemplate: template })).renderChat!(messages);
  assert.equal(
    write('{% for m in messages %}[{{ m.content }}{{ m.reasoning_content }}{{ m.thinking }}]{% endfor %}'),
    '[whywhy]',
  );
  assert.equal(
    write("{% for m in messages %}{{ 'null' if m.content is none else '+' + m.content }}{% endfor %}"),
    'null',
    'a template that asks for null gets it',
  );
  assert.equal(write("{% for m in messages %}{{ '+' + m.content }}{% endfor %}"), '+');
  const first = 'messages[0].tool_calls[0].function.arguments';
  assert.equal(write(`{{ ${first} | tojson }}`), '{"to": 25.0, "2024": 12345678901234567890}');
  assert.equal(write(`{{ 'call ' + ${first} }}`), 'call {"to": 25.0,"2024": 12345678901234567890}');
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

/** A copy of the small tokenizer with other parts. */
function changed(change: (json: Record<string, unknown>) => void, files: Record<string, object> = {}): string {
  const dir = tinyTokenizer();
  const file = join(dir, 'tokenizer.json');
  const json = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  change(json);
  writeFileSync(file, JSON.stringify(json));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, name), JSON.stringify(content));
  return dir;
}

test('each behaviour of a Split cuts as in Rust, or is refused by name', () => {
  const pieces = (behavior: string, invert = false): string[] => {
    const pre = { type: 'Split', pattern: { String: '-' }, behavior, invert };
    const dir = changed((json) => (json['pre_tokenizer'] = pre));
    const json = JSON.parse(readFileSync(join(dir, 'tokenizer.json'), 'utf8')) as Record<string, unknown>;
    const pipeline = createPipeline(alignWithRust(json), {}) as unknown as {
      pre_tokenizer: (text: string) => string[];
    };
    return pipeline.pre_tokenizer('a-b--\nc');
  };
  assert.deepEqual(pieces('Isolated'), ['a', '-', 'b', '-', '-', '\nc']);
  assert.deepEqual(pieces('Isolated', true), ['a', '-', 'b', '-', '-', '\nc']);
  assert.deepEqual(pieces('Removed'), ['a', 'b', '\nc']);
  assert.deepEqual(pieces('MergedWithPrevious'), ['a-', 'b-', '-', '\nc']);
  assert.deepEqual(pieces('MergedWithNext'), ['a', '-b', '-', '-\nc']);
  assert.deepEqual(pieces('Contiguous'), ['a', '-', 'b', '--', '\nc']);
  assert.throws(() => pieces('MergedWithNext', true), /Split with invert and behavior MergedWithNext is not supported/);
});

test('a unigram tokenizer writes what it lacks as bytes, and cuts at spaces unless told otherwise', () => {
  const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`);
  const vocab = ['<unk>', ...bytes, '▁', 'a', 'b', 'a▁b'].map((piece, i) => [piece, i < 257 ? -20 : -i]);
  const ids = (model: object, metaspace: object, text: string) =>
    loadTokenizer(
      changed((json) => {
        json['model'] = { type: 'Unigram', unk_id: 0, vocab, ...model };
        json['pre_tokenizer'] = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'never', ...metaspace };
        json['added_tokens'] = [];
      }),
    )
      .encode(text)
      .filter((id) => id !== undefined);
  assert.deepEqual(ids({ byte_fallback: true }, {}, 'aé'), [258, 1 + 0xc3, 1 + 0xa9]);
  assert.deepEqual(ids({}, {}, 'aé'), [258, 0]);
  assert.deepEqual(ids({}, { split: false }, 'a b'), [260]);
  assert.deepEqual(ids({}, {}, 'a b'), [258, 257, 259]);
});

test('tokens that only the files beside tokenizer.json have are added, with the ids of Rust', () => {
  const size = loadTokenizer(tinyTokenizer()).vocabSize;
  const token = (content: string, more = {}) => ({ content, special: true, ...more });
  const config = { eos_token: '<|stop|>', added_tokens_decoder: { 9000: token('<|b|>'), 8000: token('<|a|>') } };
  const current = loadTokenizer(changed(() => undefined, { 'tokenizer_config.json': config }));
  assert.deepEqual(current.encode('<|a|><|b|><|stop|>'), [size, size + 1, size + 2]);
  assert.equal(current.eosId, size + 2);
  assert.equal(current.decode([size, size + 1]), '<|a|><|b|>');

  const legacy = loadTokenizer(
    changed(() => undefined, {
      'tokenizer_config.json': { eos_token: '<|no|>' },
      'added_tokens.json': { '<|late|>': 9000, '<|stop|>': 8000 },
      'special_tokens_map.json': { eos_token: { content: '<|stop|>' } },
    }),
  );
  assert.deepEqual(legacy.encode('<|stop|><|late|>'), [size, size + 1], 'special_tokens_map.json wins');
  assert.equal(legacy.eosId, size);
});

test('a token that is a single word is not found inside another', () => {
  const size = loadTokenizer(tinyTokenizer()).vocabSize;
  const word = { id: size, content: 'zq', single_word: true, normalized: false, special: false };
  const tokenizer = loadTokenizer(changed((json) => (json['added_tokens'] as object[]).push(word)));
  const whole = (text: string) => tokenizer.encode(text).filter((id) => id === size).length;
  assert.equal(whole('zq zq, (zq)'), 3);
  assert.equal(whole('azq zqa zqzq é_zq'), 0);
  assert.equal(tokenizer.decode(tokenizer.encode('azq zqa zqzq zq')), 'azq zqa zqzq zq');
});
