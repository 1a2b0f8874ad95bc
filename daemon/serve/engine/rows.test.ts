import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../data/random.ts';
import { BLOCK } from './attention.ts';
import { type Row, RowTable, settledOf } from './rows.ts';

const shape = { layers: 2, kvHeads: 2, headDim: 4 };
const WIDTH = 8;

/** Does what a run does: writes new positions of a row into the caches, whose values say whose they are: `mark` and the position. */
function write(row: Row, mark: number, count: number): void {
  const { outputs } = row.table.feeds(count);
  for (const { data, dims } of Object.values(outputs))
    for (let i = 0; i < count; i++) {
      const at = (row.index * dims[1]! + row.length + i) * WIDTH;
      (data as Float32Array).fill(mark * 1000 + row.length + i, at, at + WIDTH);
    }
}

/** What a table holds of a row, position by position, read through what the graph is given. */
function held(row: Row): { keys: number[]; values: number[]; theta: number } {
  const { table, index, length } = row;
  const { feeds, outputs } = table.feeds(1);
  const room = feeds['key0']!.dims[1]!;
  assert.ok(room > length);
  const mask = (feeds['mask']!.data as Float32Array).subarray(index * 2 * room, (index + 1) * 2 * room);
  for (const query of [0, 1]) {
    const hidden = mask.subarray(query * room, (query + 1) * room).findIndex((value) => value !== 0);
    assert.equal(
      hidden < 0 ? room : hidden,
      Math.min(room, length + 1 + query),
      'it sees its own positions and the new ones',
    );
  }
  assert.equal(feeds['places']!.data[index], BigInt(length));
  assert.equal(feeds['key0']!.data.buffer, outputs['newKey0']!.data.buffer);
  const of = (name: string): number[] => {
    const own = (feeds[name]!.data as Float32Array).subarray(index * room * WIDTH, (index * room + length) * WIDTH);
    const values = Array.from({ length }, (_, i) => own[i * WIDTH]!);
    assert.ok(own.every((value, at) => value === values[Math.floor(at / WIDTH)]));
    return values;
  };
  assert.deepEqual([of('key0'), of('value0')], [of('key1'), of('value1')]);
  return { keys: of('key1'), values: of('value1'), theta: feeds['thetas']!.data[index] as number };
}

test('rows that come, grow, move and leave keep what they hold', () => {
  const random = seededRandom('rows');
  const below = (n: number): number => Math.floor(random() * n);
  const tables = [new RowTable(shape, 1), new RowTable(shape, 1)];
  const rows = new Map<Row, number>();
  let marks = 0;
  for (let i = 0; i < 1000; i++) {
    const [row, mark] = [...rows][below(rows.size)] ?? [];
    const what = below(10);
    if (what === 0 || row === undefined || mark === undefined) {
      rows.set(tables[0]!.add(Float32Array.of(++marks), below(300)), marks);
    } else if (what === 1) {
      row.table.remove(row);
      rows.delete(row);
    } else if (what === 2 && row.table === tables[0]) {
      tables[0].moveTo(row, tables[1]!);
    } else {
      const count = 1 + below(150);
      if (row.length + count > 700) continue;
      const before = row.length;
      write(row, mark, count + 3);
      const whole = row.table.append(row, count);
      const blocks = (settledOf(row.length) - settledOf(before)) / BLOCK;
      assert.deepEqual(
        whole,
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

test('a whole block that is copied out fits any other row', () => {
  const table = new RowTable(shape, 1);
  const first = table.add(Float32Array.of(1));
  write(first, 1, BLOCK + 5);
  table.append(first, BLOCK + 5);
  const second = table.add(Float32Array.of(2));
  table.addBlocks(second, [table.block(first, 0), table.block(first, 0)]);
  const keys = held(first).keys.slice(0, BLOCK);
  assert.deepEqual(held(second), { keys: [...keys, ...keys], values: [...keys, ...keys], theta: 2 });
});

test('a row that comes to a used place finds it empty: what another left there could be infinite', () => {
  const table = new RowTable(shape, 0);
  const rows = [table.add(new Float32Array()), table.add(new Float32Array())];
  write(rows[1]!, Infinity, 40);
  table.append(rows[1]!, 40);
  table.remove(rows[1]!);
  table.add(new Float32Array());
  const { feeds } = table.feeds(1);
  for (const name of ['key0', 'value1']) assert.ok((feeds[name]!.data as Float32Array).every((x) => x === 0));
});

test('a run is fed no more of a single row than it needs, though the row has room to grow', () => {
  const table = new RowTable(shape, 0);
  const row = table.add(new Float32Array(), 1000);
  assert.deepEqual(table.feeds(100).feeds['key0']!.dims, [1, 128, WIDTH]);
  table.append(row, 100);
  assert.deepEqual(table.feeds(100).feeds['value1']!.dims, [1, 224, WIDTH]);
  assert.equal(table.room, 1024);
  table.add(new Float32Array());
  assert.deepEqual(table.feeds(1).feeds['key0']!.dims, [2, 128, WIDTH]);
});
