import assert from 'node:assert/strict';
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { add, temporaryCatalog } from '../../test/catalog.ts';
import { backUp, backUpWhileOpen, backupFolder, backupsOf, lastDaily } from './backup.ts';
import { problemsOf } from './check.ts';
import { openCatalog } from './open.ts';
import { connect } from './sqlite.ts';
import { checkInBackground } from './upkeep.ts';

test('a backup of a catalog in use is whole, has what was committed, and one that is stopped leaves nothing', async () => {
  const catalog = await temporaryCatalog();
  for (let i = 0; i < 20; i++) await add(catalog, `a ${i}`, { note: 'n'.repeat(9000) });
  const database = connect(catalog.file);
  await assert.rejects(
    backUpWhileOpen(database, catalog.file, () => true),
    /stopped/,
  );
  assert.deepEqual(readdirSync(backupFolder(catalog.file)), []);
  assert.equal(lastDaily(catalog.file), 0);
  await backUpWhileOpen(database, catalog.file, () => false);
  database.close();
  const [backup] = backupsOf(catalog.file);
  assert.ok(Date.now() - lastDaily(catalog.file) < 60_000);
  assert.deepEqual(problemsOf(backup!, { full: true }), []);
  const copy = await openCatalog(backup!);
  assert.equal((await copy.db.selectFrom('adapter').select('id').execute()).length, 20);
  await copy.close();
});

test('a few backups of each occasion are kept, the newest; leftovers of a killed one go', async () => {
  const catalog = await temporaryCatalog();
  await add(catalog, 'one');
  const database = connect(catalog.file);
  const day = 86_400_000;
  for (let i = 0; i < 6; i++) {
    const path = backUp(database, catalog.file, 'day', i * day);
    utimesSync(path, i, i);
    backUp(database, catalog.file, `schema-${i}`, i * day);
  }
  writeFileSync(join(backupFolder(catalog.file), 'day_x.db.tmp'), 'half');
  backUp(database, catalog.file, 'day', 5 * day);
  database.close();
  assert.deepEqual(readdirSync(backupFolder(catalog.file)).map((name) => name.slice(0, 14)).sort(), ['day_1970-01-04', 'day_1970-01-05', 'day_1970-01-06', 'schema-3_1970-', 'schema-4_1970-', 'schema-5_1970-']); // prettier-ignore
});

test('a file is read through in a thread of its own, and what is wrong is said', async () => {
  const catalog = await temporaryCatalog();
  for (let i = 0; i < 20; i++) await add(catalog, `a ${i}`);
  await catalog.close();
  assert.deepEqual(await checkInBackground(catalog.file, { full: true }).problems, []);
  const hurt = join(dirname(catalog.file), 'hurt.db');
  const bytes = readFileSync(catalog.file);
  writeFileSync(hurt, bytes.fill(0x55, 3 * 4096, 9 * 4096));
  assert.notDeepEqual(await checkInBackground(hurt, { full: false }).problems, []);
});
