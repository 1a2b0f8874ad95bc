import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millionAdapters, paperTable } from './paper.ts';
import type { PaperCell } from './paper.ts';

/** Table 1 of arXiv 2310.11454 as printed: model, rank, LoRA parameters and bytes, VeRA parameters and bytes. */
const TABLE_1 = `
RoBERTa-base | 1 | 36.8K | 144KB | 18.4K | 72KB
RoBERTa-base | 16 | 589.8K | 2MB | 18.8K | 74KB
RoBERTa-base | 256 | 9437.1K | 36MB | 24.5K | 96KB
RoBERTa-large | 1 | 98.3K | 384KB | 49.2K | 192KB
RoBERTa-large | 16 | 1572.8K | 6MB | 49.5K | 195KB
RoBERTa-large | 256 | 25165.8K | 96MB | 61.4K | 240KB
GPT-3 | 1 | 4.7M | 18MB | 2.4M | 9.1MB
GPT-3 | 16 | 75.5M | 288MB | 2.8M | 10.5MB
GPT-3 | 256 | 1207.9M | 4.6GB | 8.7M | 33MB`;

const printed = TABLE_1.trim()
  .split('\n')
  .map((line) => line.split(' | '));

test('every cell of Table 1 has the digits of the paper', () => {
  const ours = paperTable().map((row) => [
    row.model,
    String(row.rank),
    ...[row.loraParameters, row.loraBytes, row.veraParameters, row.veraBytes].map(({ text }) => text),
  ]);
  assert.deepEqual(ours, printed);
  assert.equal(millionAdapters().text, '275 TB');
});

test('the counts are those of the paper formulas at the rank of the row', () => {
  const sizes: Record<string, [width: number, layers: number]> = {
    'RoBERTa-base': [768, 24],
    'RoBERTa-large': [1024, 48],
    'GPT-3': [12288, 192],
  };
  for (const { model, rank, loraParameters, veraParameters, veraBytes } of paperTable()) {
    const [width, layers] = sizes[model]!;
    assert.equal(veraParameters.parameters, layers * (width + rank));
    assert.equal(veraBytes.bytes, 4 * layers * (width + rank));
    assert.equal(loraParameters.parameters, 2 * layers * width * rank);
  }
});

test('the cells in which the paper prints another rank are six, all of VeRA, and named', () => {
  const others: [string, number, string, number][] = [];
  for (const row of paperTable()) {
    for (const column of ['loraParameters', 'loraBytes', 'veraParameters', 'veraBytes'] as const) {
      const cell: PaperCell = row[column];
      if (cell.printedRank !== row.rank) others.push([row.model, row.rank, column, cell.printedRank]);
    }
  }
  assert.deepEqual(others, [
    ['RoBERTa-large', 16, 'veraParameters', 8],
    ['GPT-3', 1, 'veraBytes', 128],
    ['GPT-3', 16, 'veraParameters', 2048],
    ['GPT-3', 16, 'veraBytes', 2048],
    ['GPT-3', 256, 'veraParameters', 32768],
    ['GPT-3', 256, 'veraBytes', 32768],
  ]);
});
