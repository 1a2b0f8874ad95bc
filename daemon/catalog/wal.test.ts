import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { temporaryFolder } from '../../test/temporary.ts';
import { connect } from './sqlite.ts';
import { inspectLog } from './wal.ts';

/** A database with a log of `commits` commits, as a killed process leaves it. */
function leftBehind(commits: number, again = 0): string {
  const database = connect(join(temporaryFolder(), 'a.db'));
  database.exec('CREATE TABLE x (y BLOB)');
  const add = database.prepare('INSERT INTO x VALUES (randomblob(3000))');
  for (let i = 1; i < commits; i++) add.run();
  if (again > 0) database.pragma('wal_checkpoint(FULL)');
  for (let i = 0; i < again; i++) add.run(); // over the front of the same log
  const copy = join(temporaryFolder(), 'b.db');
  for (const end of ['', '-wal']) writeFileSync(copy + end, readFileSync(database.name + end));
  database.close();
  return copy;
}

test('a whole log is whole, also one that is written over from the front', () => {
  const file = leftBehind(20);
  const state = inspectLog(file)!;
  assert.deepEqual([state.commits, state.damagedAt, state.lost], [20, undefined, 0]);
  assert.ok(state.frames >= 20);
  const turned = inspectLog(leftBehind(20, 5))!;
  assert.deepEqual([turned.commits, turned.damagedAt, turned.lost], [5, undefined, 0]);
  assert.equal(inspectLog(join(temporaryFolder(), 'none.db')), undefined);
});

test('each frame’s damage is seen, and how many commits SQLite will lose is what it does lose', () => {
  const file = leftBehind(20);
  const log = readFileSync(`${file}-wal`);
  const frame = 24 + 4096;
  for (let i = 0; i < (log.length - 32) / frame; i++) {
    const bytes = Buffer.from(log);
    bytes[32 + i * frame + 24 + 100]! ^= 1;
    writeFileSync(`${file}-wal`, bytes);
    const state = inspectLog(file)!;
    assert.deepEqual([state.damagedAt, state.commits + state.lost], [32 + i * frame, 20]);
    const copy = join(temporaryFolder(), 'c.db');
    for (const end of ['', '-wal']) writeFileSync(copy + end, readFileSync(file + end));
    const database = new Database(copy);
    const tables = database.prepare(`SELECT count(*) FROM sqlite_schema`).pluck().get() as number;
    const left = tables === 0 ? 0 : 1 + (database.prepare('SELECT count(*) FROM x').pluck().get() as number);
    assert.equal(left, state.commits);
    database.close();
  }
  log[20]! ^= 1; // its header
  writeFileSync(`${file}-wal`, log);
  assert.deepEqual([inspectLog(file)!.damagedAt, inspectLog(file)!.commits], [0, 0]);
});
