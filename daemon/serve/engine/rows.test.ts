import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../data/random.ts';
import { BLOCK } from './attention.ts';
import { type Row, roomFor, RowTable } from './rows.ts';

const shape = { layers: 2, kvHeads: 2, headDim: 4 };

/** New positions of a row whose values say whose they are: `mark` and the position. [layers, kvHeads, count, headDim]. */
function positions(mark: number, from: number, count: number): Float32Array {
  const out = new Float32Array(2 * 2 * count * 4);
  for (let i = 0; i < out.length; i++) out[i] = mark * 1000 + from + (Math.floor(i / 4) % count);
  return out;
}

/** What a table holds of a row, position by position, read through what the graph is given. */
function held(row: Row): { keys: number[]; values: number[]; theta: number } {
  const { table, index, length } = row;
  const feeds = table.feeds(index, 1);
  const of = (name: string): Float32Array => feeds[name]!.data as Float32Array;
  const settled = length - (length % BLOCK);
  const tail = length % BLOCK;
  const visible = (mask: Float32Array): number => mask.filter((value) => value === 0).length;
  assert.deepEqual([visible(of('settled')), visible(of('tail'))], [settled, tail]);
  const keys = [...of('key1').subarray(0, settled), ...of('tailKey1').subarray(0, tail)];
  const values = [
    ...Array.from({ length: settled }, (_, i) => of('value1')[i * 4]!),
    ...Array.from({ length: tail }, (_, i) => of('tailValue1')[i * 4]!),
  ];
  return { keys, values, theta: of('thetas')[0]! };
}

test('rows that come, grow, move and leave keep what they hold', () => {
  const random = seededRandom('rows');
  const below = (n: number): number => Math.floor(random() * n);
  const tables = [new RowTable(shape, roomFor(1), 1), new RowTable(shape, roomFor(300), 1)];
  const rows = new Map<Row, number>();
  let marks = 0;
  for (let i = 0; i < 1500; i++) {
    const [row, mark] = [...rows][below(rows.size)] ?? [];
    const what = below(10);
    if (what === 0 || row === undefined || mark === undefined) {
      rows.set(tables[0]!.add(Float32Array.of(++marks)), marks);
    } else if (what === 1) {
      row.table.remove(row);
      rows.delete(row);
    } else if (what === 2 && row.table === tables[0]) tables[0].moveTo(row, tables[1]!);
    else if (what === 3) row.table.swap(row.index, below(row.table.rows.length));
    else {
      const count = Math.min(1 + below(40), BLOCK - (row.length % BLOCK));
      if (row.length + count > row.table.room) continue;
      const data = positions(mark, row.length, count);
      const settled = row.table.append(row, { keys: data, values: data, batch: 1, place: 0, length: count }, count);
      assert.equal(settled, row.length % BLOCK === 0);
    }
    for (const table of tables) table.rows.forEach((one, at) => assert.deepEqual([one.index, one.table], [at, table]));
    for (const [one, own] of rows) {
      const expected = Array.from({ length: one.length }, (_, at) => own * 1000 + at);
      assert.deepEqual(held(one), { keys: expected, values: expected, theta: own });
    }
  }
  assert.ok(tables[1]!.bytes > 0);
  for (const row of rows.keys()) row.table.remove(row);
  assert.deepEqual(
    tables.map(({ bytes }) => bytes),
    [0, 0],
  );
});

test('a settled block that is copied out fits any other row', () => {
  const table = new RowTable(shape, roomFor(200), 1);
  const first = table.add(Float32Array.of(1));
  const data = positions(1, 0, BLOCK);
  table.append(first, { keys: data, values: data, batch: 1, place: 0, length: BLOCK }, BLOCK);
  const second = table.add(Float32Array.of(2));
  table.addBlock(second, table.block(first, 0));
  assert.deepEqual({ ...held(second), theta: 1 }, held(first));
});

test('rows of similar lengths have the same room', () => {
  assert.deepEqual([1, 256, 257, 1024, 1025, 4097].map(roomFor), [256, 256, 1024, 1024, 4096, 16384]);
});
