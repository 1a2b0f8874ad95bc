import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../data/random.ts';
import { BLOCK } from './attention.ts';
import { type Row, RowTable, settledOf } from './rows.ts';

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
  const counts = table.rows.map(() => 1);
  const feeds = table.feeds(counts, 1, (size) => new Float32Array(size));
  const of = (name: string): Float32Array => {
    const { data, dims } = feeds[name]!;
    const size = data.length / dims[0]!;
    return (data as Float32Array).subarray(index * size, (index + 1) * size);
  };
  const settled = settledOf(length);
  const tail = length % BLOCK;
  const seen = Array.from(of('mask'), (value, at) => (value === 0 ? at : -1)).filter((at) => at >= 0);
  const expected = [...Array(settled).keys(), ...Array.from(Array(tail + 1).keys(), (at) => table.room + at)];
  assert.deepEqual(seen, expected, 'it sees its own positions and the new one');
  assert.deepEqual([of('place').indexOf(1), of('place').lastIndexOf(1)], [tail, tail]);
  assert.ok(
    of('tailKey1').every((value, at) => Math.floor(at / 4) % BLOCK < tail || value === 0),
    'the rest of the tail is empty',
  );
  assert.ok(of('tailValue1').every((value, at) => Math.floor(at / 4) % BLOCK < tail || value === 0));
  const keys = [...of('key1').subarray(0, settled), ...Array.from({ length: tail }, (_, i) => of('tailKey1')[i * 4]!)];
  const values = [
    ...Array.from({ length: settled }, (_, i) => of('value1')[i * 4]!),
    ...Array.from({ length: tail }, (_, i) => of('tailValue1')[i * 4]!),
  ];
  return { keys, values, theta: of('thetas')[0]! };
}

test('rows that come, grow, move and leave keep what they hold', () => {
  const random = seededRandom('rows');
  const below = (n: number): number => Math.floor(random() * n);
  const tables = [new RowTable(shape, BLOCK, 1), new RowTable(shape, 5 * BLOCK, 1)];
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
    } else if (what === 2 && row.table === tables[0]) {
      tables[1]!.grow(settledOf(row.length));
      tables[0].moveTo(row, tables[1]!);
    } else {
      const count = 1 + below(150);
      if (row.length + count > 700) continue;
      const before = row.length;
      const data = positions(mark, row.length, count + 3);
      const settled = row.table.append(row, { keys: data, values: data, batch: 1, place: 0, length: count + 3 }, count);
      const blocks = (settledOf(row.length) - settledOf(before)) / BLOCK;
      assert.deepEqual(
        settled,
        Array.from({ length: blocks }, (_, block) => settledOf(before) + block * BLOCK),
      );
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
  const table = new RowTable(shape, BLOCK, 1);
  const first = table.add(Float32Array.of(1));
  const data = positions(1, 0, BLOCK);
  table.append(first, { keys: data, values: data, batch: 1, place: 0, length: BLOCK }, BLOCK);
  const second = table.add(Float32Array.of(2));
  table.addBlocks(second, [table.block(first, 0), table.block(first, 0)]);
  const { keys, values } = held(first);
  assert.deepEqual(held(second), { keys: [...keys, ...keys], values: [...values, ...values], theta: 2 });
});

test('a row that reads more than a block is given an empty window for it', () => {
  const table = new RowTable(shape, BLOCK, 1);
  const row = table.add(Float32Array.of(1));
  const { tailKey0, tailValue0, mask, place } = table.feeds(
    [2 * BLOCK + 2],
    2 * BLOCK + 2,
    (size) => new Float32Array(size),
  );
  assert.deepEqual(
    [tailKey0!.dims, tailValue0!.dims, mask!.dims, place!.dims],
    [
      [1, 2, 3 * BLOCK, 4],
      [1, 2, 3, BLOCK, 4],
      [1, 2 * BLOCK + 2, 4, BLOCK],
      [1, 2 * BLOCK + 2, 3 * BLOCK],
    ],
  );
  const data = positions(1, 0, 1);
  table.append(row, { keys: data, values: data, batch: 1, place: 0, length: 1 }, 1);
  assert.throws(() => table.feeds([BLOCK], BLOCK, (size) => new Float32Array(size)), /cross the border/);
});
