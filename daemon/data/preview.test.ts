import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary.ts';
import { previewOf } from './preview.ts';
import { loadTokenizer } from './tokenizer.ts';

test('a preview shows rows as the model reads them, and why others are not used', async () => {
  const file = join(temporaryFolder(), 'rows.jsonl');
  const rows = [
    { prompt: 'Question', completion: 'Answer' },
    { prompt: 'Question', completion: 'Answer', label: false },
    { prompt: 'Question', completion: 7 },
  ];
  writeFileSync(file, rows.map((row) => JSON.stringify(row)).join('\n'));
  const tokenizer = loadTokenizer(join(import.meta.dirname, '../demo'));
  const shown = await previewOf(file, { tokenizer, rows: 3, length: 512, lossOn: 'answer', heldOut: 0 });
  const [used, leftOut, wrong] = shown.rows;
  assert.equal(shown.rows.length, 3);
  assert.match(used!.text!, /Question<\|im_end\|>\n<\|im_start\|>assistant\n\u27e6Answer<\|im_end\|>\n\u27e7$/);
  assert.match(used!.facts, /^\d+ tokens, \d+ counted in the loss$/);
  assert.deepEqual([leftOut!.text, leftOut!.facts], [null, 'left out because "label" is false']);
  assert.match(wrong!.facts, /cannot be read: "completion" must be a string, found a number/);
  assert.match(wrong!.place, /rows\.jsonl, line 3$/);
  const short = await previewOf(file, { tokenizer, rows: 1, length: 4, lossOn: 'answer', heldOut: 0 });
  assert.match(short.rows[0]!.facts, /dropped because none/);
});
