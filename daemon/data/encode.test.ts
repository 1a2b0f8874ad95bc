import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CHATML, FORGETFUL, HEADERS, tinyTokenizer } from '../../test/fixtures/tokenizer/build.ts';
import type { ChatMessage } from './chat-template.ts';
import { encodeSample, type EncodeOptions } from './encode.ts';
import type { Sample } from './formats/format.ts';
import { seededRandom } from './random.ts';
import { BadRow } from './row.ts';
import { loadTokenizer, type Tokenizer } from './tokenizer.ts';

const plain = loadTokenizer(tinyTokenizer({ fim: true }));
const chatml = loadTokenizer(tinyTokenizer({ chatTemplate: CHATML }));
const headers = loadTokenizer(tinyTokenizer({ chatTemplate: HEADERS, eos: '<|eot|>' }));
const forgetful = loadTokenizer(tinyTokenizer({ chatTemplate: FORGETFUL }));

const conversation: ChatMessage[] = [
  { role: 'user', content: 'hello' },
  { role: 'assistant', content: 'the answer' },
  { role: 'user', content: 'and who' },
  { role: 'assistant', content: 'the lazy dog\n' },
];

function encode(sample: Sample, tokenizer: Tokenizer, options: Partial<EncodeOptions> = {}) {
  const random = seededRandom('test');
  const all = { tokenizer, length: 512, lossOn: 'answer', windows: 'split', fimRate: 0, random, ...options } as const;
  return encodeSample(sample, all);
}

/** The text of the counted tokens, runs apart by '|'. */
function counted(example: { ids: Int32Array; counts: Uint8Array }, tokenizer: Tokenizer): string {
  const runs: number[][] = [];
  example.ids.forEach((id, i) => {
    if (example.counts[i] !== 1) return;
    if (i === 0 || example.counts[i - 1] === 0) runs.push([]);
    runs.at(-1)!.push(id);
  });
  return runs.map((run) => tokenizer.decode(run)).join('|');
}

test('ChatML: only the answers and their ends count', () => {
  const { examples, cut } = encode({ kind: 'chat', messages: conversation }, chatml);
  assert.equal(counted(examples[0]!, chatml), 'the answer<|im_end|>\n|the lazy dog\n<|im_end|>\n');
  assert.equal(cut, false);
  const whole = chatml.renderChat!(conversation);
  assert.deepEqual([...examples[0]!.ids], chatml.encode(whole, { addSpecialTokens: false }));
});

test('a template with headers that trims contents', () => {
  const { examples } = encode({ kind: 'chat', messages: conversation }, headers);
  assert.equal(counted(examples[0]!, headers), 'the answer<|eot|>|the lazy dog<|eot|>');
  assert.equal(examples[0]!.ids[0], headers.bosId);
});

test('a template that rewrites earlier turns', () => {
  const { examples } = encode({ kind: 'chat', messages: conversation }, forgetful);
  assert.equal(
    counted(examples[0]!, forgetful),
    'the answer<|im_end|>\n|<think>\n\n</think>\n\nthe lazy dog\n<|im_end|>\n',
  );
});

test('a template that writes every turn anew: what it wrote while it looped over the turn is the answer', () => {
  const template = "{% for m in messages %}{{ loop.length ~ m['content'] | upper }}{% endfor %}";
  const tokenizer = loadTokenizer(tinyTokenizer({ chatTemplate: template }));
  const { examples } = encode({ kind: 'chat', messages: conversation }, tokenizer);
  assert.equal(counted(examples[0]!, tokenizer), '4THE ANSWER|4THE LAZY DOG\n');
});

test('an answer that cannot be found is refused, which does not matter with loss on all', () => {
  const template = '{% for i in range(messages | length) %}{{ messages | length ~ messages[i].content }}{% endfor %}';
  const tokenizer = loadTokenizer(tinyTokenizer({ chatTemplate: template }));
  const sample: Sample = { kind: 'chat', messages: conversation };
  assert.throws(
    () => encode(sample, tokenizer),
    (error) => error instanceof BadRow && /message 2/.test(error.message),
  );
  const { examples } = encode(sample, tokenizer, { lossOn: 'all' });
  assert.ok(examples[0]!.counts.every((count) => count === 1));
});

test("a template's own error is reported", () => {
  const messages = [{ role: 'developer', content: 'x' }, ...conversation];
  assert.throws(() => encode({ kind: 'chat', messages }, headers), /refuses this conversation: unknown role developer/);
  assert.throws(() => encode({ kind: 'chat', messages }, plain), /has no chat template/);
});

test('messages before `from` are never answers', () => {
  const { examples } = encode({ kind: 'chat', messages: conversation, from: 2 }, chatml);
  assert.equal(counted(examples[0]!, chatml), 'the lazy dog\n<|im_end|>\n');
});

test('ChatML: any contents are marked exactly', () => {
  const words = fc.array(fc.constantFrom('the', ' dog', '\n', ' ', 'x', 'assistant', '1', 'é', '\n\n'), {
    maxLength: 8,
  });
  const turns = fc.array(fc.tuple(words, words), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(turns, (pairs) => {
      const messages = pairs.flatMap(([question, answer]) => [
        { role: 'user', content: question.join('') },
        // Contents that begin with a line break merge with the template's own, so the first token is shared.
        { role: 'assistant', content: `>${answer.join('')}` },
      ]);
      const { examples } = encode({ kind: 'chat', messages }, chatml, { length: 100_000 });
      const expected = pairs.map(([, answer]) => `>${answer.join('')}<|im_end|>\n`).join('|');
      assert.equal(counted(examples[0]!, chatml), expected);
    }),
  );
});

test('the words of an answer that a user said before are not the answer', () => {
  // DeepSeek-R1 asks with <think>, which stored turns lack.
  const template =
    "{% for m in messages %}<{{ m.role }}>{{ m.content.split('</think>')[-1] }}<|im_end|>{% endfor %}" +
    '{% if add_generation_prompt %}<assistant><think>\\n{% endif %}';
  const tokenizer = loadTokenizer(tinyTokenizer({ chatTemplate: template }));
  const messages = [
    { role: 'user', content: 'yes or no' },
    { role: 'assistant', content: 'yes' },
    { role: 'user', content: 'no, <b>' },
    { role: 'assistant', content: '<b>' },
  ];
  const { examples } = encode({ kind: 'chat', messages }, tokenizer);
  assert.equal(counted(examples[0]!, tokenizer), 'yes<|im_end|>|<b><|im_end|>');
});

test('the end of every turn counts, also if the template ends the conversation with one more token', () => {
  const template =
    '{% for m in messages %}<{{ m.role }}>{{ m.content }}<|im_end|>\n{% endfor %}' +
    '{% if add_generation_prompt %}<assistant>{% else %}<|end|>{% endif %}';
  const tokenizer = loadTokenizer(tinyTokenizer({ chatTemplate: template }));
  const { examples } = encode({ kind: 'chat', messages: conversation }, tokenizer);
  assert.equal(counted(examples[0]!, tokenizer), 'the answer<|im_end|>\n|the lazy dog\n<|im_end|>\n<|end|>');
});

test('marks of a template say what counts', () => {
  const template =
    '{% for m in messages %}<{{ m.role }}>{% if m.role == "assistant" %}{% generation %}{{ m.content }}{% endgeneration %}' +
    '{% else %}{{ m.content }}{% endif %}<|im_end|>{% endfor %}';
  const tokenizer = loadTokenizer(tinyTokenizer({ chatTemplate: template }));
  const marked = (from?: number) => {
    const sample: Sample = { kind: 'chat', messages: conversation, ...(from === undefined ? {} : { from }) };
    return counted(encode(sample, tokenizer).examples[0]!, tokenizer);
  };
  assert.equal(marked(), 'the answer|the lazy dog\n');
  assert.equal(marked(2), 'the lazy dog\n');
});

test('a text that begins with the beginning-of-text token gets no second one', () => {
  const tokenizer = loadTokenizer(tinyTokenizer({ addBos: true }));
  const [example] = encode(
    { kind: 'text', text: `${tokenizer.decode([tokenizer.bosId!])}the dog` },
    tokenizer,
  ).examples;
  assert.deepEqual([...example!.ids], tokenizer.encode('the dog'));
});

test('pairs are a chat if there is a template, else they are joined and ended', () => {
  const messages = [
    { role: 'user', content: 'what is' },
    { role: 'assistant', content: ' this' },
  ];
  const sample: Sample = { kind: 'pair', prompt: 'what is', completion: ' this', messages };
  assert.equal(counted(encode(sample, chatml).examples[0]!, chatml), ' this<|im_end|>\n');
  const [example] = encode(sample, plain).examples;
  assert.equal(plain.decode([...example!.ids]), 'what is this<|end|>');
  assert.equal(counted(example!, plain), ' this<|end|>');
  assert.ok(encode(sample, plain, { lossOn: 'all' }).examples[0]!.counts.every((count) => count === 1));
});

test('a chat longer than the length is cut off at the end and marked as cut', () => {
  const { examples, cut } = encode({ kind: 'chat', messages: conversation }, chatml, { length: 20 });
  assert.equal(examples[0]!.ids.length, 20);
  assert.equal(examples[0]!.counts.length, 20);
  assert.equal(cut, true);
});

test('text is cut off, or becomes windows that predict every token once', () => {
  const tokenizer = loadTokenizer(tinyTokenizer({ addBos: true }));
  const text = 'the quick brown fox '.repeat(40);
  const ids = tokenizer.encode(text);
  const cut = encode({ kind: 'text', text }, tokenizer, { length: 16, windows: 'cut' });
  assert.deepEqual([...cut.examples[0]!.ids], ids.slice(0, 16));
  assert.ok(cut.cut && cut.examples.length === 1);
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 200 }), (length) => {
      const { examples } = encode({ kind: 'text', text }, tokenizer, { length });
      assert.ok(examples.every((example) => example.ids.length - 1 <= length));
      const predicted = examples.flatMap((example) => [...example.ids.slice(1)]);
      assert.deepEqual([ids[0], ...predicted], ids);
      assert.ok(examples.every((example) => example.counts.every((count) => count === 1)));
    }),
  );
});

const source = `function add(a, b) {\n  return a + b;\n}\n`;

test('code ends with the end-of-text token', () => {
  const [example] = encode({ kind: 'code', text: source }, plain).examples;
  assert.equal(plain.decode([...example!.ids]), `${source}<|end|>`);
});

test('fill-in-the-middle comes in both orders, and its parts make the text', () => {
  const orders = new Set<string>();
  for (let seed = 0; seed < 40; seed++) {
    const options = { fimRate: 1, random: seededRandom('fim', seed) };
    const { examples } = encode({ kind: 'code', text: source }, plain, options);
    const text = plain.decode([...examples[0]!.ids]);
    const psm = /^<fim_prefix>([^<]*)<fim_suffix>([^<]*)<fim_middle>([^<]*)<\|end\|>$/s.exec(text);
    const spm = /^<fim_prefix><fim_suffix>([^<]*)<fim_middle>([^<]*)<\|end\|>$/s.exec(text);
    if (spm) {
      orders.add('spm');
      assert.equal(spm[2]! + spm[1]!, source);
    } else {
      orders.add('psm');
      assert.equal(psm![1]! + psm![3]! + psm![2]!, source);
    }
  }
  assert.deepEqual([...orders].sort(), ['psm', 'spm']);
});

test('fill-in-the-middle respects length and rate, and needs the tokens', () => {
  const text = source.repeat(60);
  const { examples } = encode({ kind: 'code', text }, plain, { fimRate: 0.5, length: 64 });
  assert.ok(examples.every((example) => example.ids.length <= 65));
  const filled = examples.filter((example) => example.ids.includes(plain.fim!.middle)).length;
  assert.ok(filled > examples.length / 4 && filled < (examples.length * 3) / 4, `${filled} of ${examples.length}`);
  const without = encode({ kind: 'code', text }, chatml, { fimRate: 1, length: 64 });
  assert.deepEqual(without, encode({ kind: 'code', text }, chatml, { fimRate: 0, length: 64 }));
});
