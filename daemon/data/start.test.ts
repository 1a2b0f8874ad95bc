import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CHATML, tinyTokenizer } from '../../test/fixtures/tokenizer/build.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { type Batch, batches } from './batch.ts';
import { type Dataset, type DatasetOptions, openDataset } from './dataset.ts';
import type { Example } from './example.ts';
import { startIn } from './start.ts';
import { loadTokenizer } from './tokenizer.ts';

const dir = temporaryFolder();
const chat = loadTokenizer(tinyTokenizer({ chatTemplate: CHATML }));
const code = loadTokenizer(tinyTokenizer({ fim: true }));
const defaults = { length: 96, lossOn: 'answer', onBadRow: 'error', heldOut: 0, fimRate: 0 } as const;
let files = 0;

function open(
  rows: readonly unknown[],
  options: Omit<DatasetOptions, keyof typeof defaults> & Partial<DatasetOptions>,
) {
  const path = join(dir, `${files++}.jsonl`);
  writeFileSync(path, rows.map((row) => JSON.stringify(row)).join('\n'));
  return openDataset(path, { ...defaults, ...options });
}

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const one of stream) out.push(one);
  return out;
}
const trained = (dataset: Dataset): Promise<Example[]> => collect(dataset.train(1, 0));

test('a start at tokens is where they stand last, a start at the answer is the token before it', () => {
  const ids = [5, 1, 2, 9, 1, 2, 7];
  assert.equal(startIn({ tokens: [1, 2] }, ids, 0), 4);
  assert.equal(startIn({ tokens: [5] }, ids, 0), 0);
  assert.equal(startIn({ tokens: [7] }, ids, 0), 6);
  assert.equal(startIn({ tokens: [2, 1] }, ids, 3), ids.length);
  assert.equal(startIn({ tokens: [7, 8] }, ids, 3), ids.length);
  assert.equal(startIn({}, ids, 3), 2);
  assert.equal(startIn({}, ids, 0), ids.length);
});

const turns = [
  { role: 'user', content: 'hello' },
  { role: 'assistant', content: 'the answer' },
  { role: 'user', content: 'and who' },
  { role: 'assistant', content: 'the lazy dog' },
];

test('an adapter starts at the first answer of a conversation, and all answers count', async () => {
  const [plain] = await trained(await open([{ messages: turns }], { tokenizer: chat }));
  const [late] = await trained(await open([{ messages: turns }], { tokenizer: chat, start: {} }));
  assert.deepEqual({ ...late!, start: undefined, source: plain!.source }, { ...plain!, start: undefined });
  const { ids, start } = late!;
  assert.equal(
    chat.decode([...ids.subarray(0, start! + 1)]),
    `${chat.renderChat!(turns.slice(0, 1))}<|im_start|>assistant\n`,
  );
});

test('an adapter starts at a text where it stands last; what is predicted before does not count', async () => {
  const tokens = chat.encode('<|im_start|>assistant', { addSpecialTokens: false });
  const [late] = await trained(await open([{ messages: turns }], { tokenizer: chat, start: { tokens } }));
  const { ids, counts, start } = late!;
  assert.equal(chat.decode([...ids.subarray(0, start)]), chat.renderChat!(turns.slice(0, 3)));
  assert.equal(chat.decode([...ids].filter((_, i) => counts[i] === 1)), 'the lazy dog<|im_end|>\n');
});

test('an adapter that starts at the fill-in-the-middle token gets such examples only, held-out rows included', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => ({
    content: `def f${i}():\n${'    return None\n'.repeat(1 + (i % 9))}`,
  }));
  const { middle } = code.fim!;
  const dataset = await open(rows, { tokenizer: code, heldOut: 0.4, start: { tokens: [middle] } });
  const [learned, held] = [await trained(dataset), await collect(dataset.heldOut())];
  assert.ok(learned.length > 10 && held.length > 5);
  for (const { ids, counts, start } of [...learned, ...held]) {
    assert.equal(ids[start!], middle);
    assert.deepEqual(
      [...counts],
      [...ids].map((_, i) => Number(i > start!)),
      'what follows the token counts',
    );
  }
  const evaluated = await open(rows, { tokenizer: code, heldOut: 1, start: { tokens: [middle] }, keepUnstarted: true });
  const kept = await collect(evaluated.heldOut());
  assert.equal(evaluated.unstarted, 40, 'rows as they are have no such token');
  assert.ok(kept.every(({ ids, counts, start }) => start === ids.length && counts.every((count) => count === 1)));
});

test('rows in which an adapter never starts are left out and counted, or refused if there are no others', async () => {
  const pairs = ['? one', 'two', '? three'].map((prompt) => ({ prompt, completion: ' the dog' }));
  const tokens = code.encode('?');
  const dataset = await open(pairs, { tokenizer: code, start: { tokens } });
  assert.equal((await trained(dataset)).length, 2);
  await trained(dataset);
  assert.deepEqual([dataset.unstarted, dataset.dropped, dataset.cut], [1, 0, 0]);
  assert.match(dataset.description, /; 1 row in which the adapter never starts$/);

  const all = await open(pairs, { tokenizer: code, start: { tokens }, keepUnstarted: true });
  assert.deepEqual([(await trained(all)).length, all.unstarted], [3, 1]);

  const never = await open(pairs, { tokenizer: code, start: { tokens: code.encode('!') } });
  await assert.rejects(trained(never), {
    ...{ name: 'VeraError', code: 'data' },
    message:
      /would never start, because no row holds the tokens after which it begins: "!"; choose another value for Start after/,
  });
  const texts = await open([{ text: 'the dog' }], { tokenizer: code, start: {} });
  await assert.rejects(trained(texts), /no row has an answer, which is where it begins/);
});

test('a batch says for each token whether the adapter acts on it, also in rows that hold several examples', async () => {
  const pairs = ['one two', 'a b c d', 'the'].map((prompt) => ({ prompt, completion: ' lazy dog' }));
  const dataset = await open(pairs, { tokenizer: code, start: {} });
  const examples = await trained(dataset);
  for (const packing of ['pack', 'none'] as const) {
    const [batch] = (await collect(batches(dataset.train(1, 0), { rows: 3, length: 96, packing }))) as [Batch];
    const { active, segments, positions, ids, targets } = batch;
    const starts = new Map(examples.map((example) => [example.ids[0]! * 1000 + example.ids[1]!, example.start!]));
    let acting = 0;
    for (let i = 0; i < ids.length; i++) {
      if (segments[i] === 0) {
        assert.equal(active![i], 0, 'padding');
        continue;
      }
      const first = i - positions[i]!;
      const start = starts.get(ids[first]! * 1000 + ids[first + 1]!)!;
      assert.equal(active![i], Number(positions[i]! >= start), `${packing}, token ${i}`);
      acting += active![i]!;
    }
    assert.equal(acting, targets.length, 'it acts on the tokens from which answers are predicted');
  }
  const [plain] = await collect(
    batches((await open(pairs, { tokenizer: code })).train(1, 0), { rows: 3, length: 96, packing: 'pack' }),
  );
  assert.equal('active' in plain!, false);
});
