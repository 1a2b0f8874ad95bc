import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { add, temporaryCatalog } from '../../test/catalog.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import type { Event } from '../protocol/events.ts';
import { firstEvent, lastEvent, pruneEvents, readEvents } from './events.ts';
import { MIGRATIONS } from './migrations/registry.ts';
import { openCatalog } from './open.ts';
import { createUser, listUsers } from './owners.ts';
import { connect, isDurable } from './sqlite.ts';

const user = (name: string) => ({ name });

test('the folder is the user’s alone, and closing leaves one file and a backup', async () => {
  const catalog = await temporaryCatalog();
  if (process.platform !== 'win32') assert.equal(statSync(dirname(catalog.file)).mode & 0o777, 0o700);
  await catalog.change((change) => createUser(change, user('ann'), 'test'));
  await catalog.close();
  assert.deepEqual(readdirSync(dirname(catalog.file)).sort(), ['backups', 'catalog.db']);
  assert.equal(readdirSync(join(dirname(catalog.file), 'backups')).length, 1);
});

test('commits are on the disk: WAL with synchronous FULL, also after a write, and what falls short is refused', () => {
  const file = join(temporaryFolder(), 'a.db');
  const database = connect(file);
  database.exec('CREATE TABLE x (y)');
  database.exec('INSERT INTO x VALUES (1)');
  isDurable(database, file);
  assert.equal(database.pragma('synchronous', { simple: true }), 2);
  database.pragma('synchronous = NORMAL');
  assert.throws(() => isDurable(database, file), /synchronous 1/);
  database.close();
  // What this guards against: the library as it is falls back with the first write in WAL mode.
  const bare = new Database(join(temporaryFolder(), 'b.db'));
  bare.pragma('journal_mode = WAL');
  bare.exec('CREATE TABLE x (y)');
  assert.equal(bare.pragma('synchronous', { simple: true }), 1);
  bare.close();
});

test('changes run one after another, each whole or not at all, and readers see what is committed', async () => {
  const catalog = await temporaryCatalog();
  const order: string[] = [];
  const slow = catalog.change(async (change) => {
    order.push('slow begins');
    await createUser(change, user('slow'), 'test');
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal((await listUsers(catalog.db, { deleted: false, limit: 10 })).items.length, 0);
    order.push('slow ends');
  });
  const failing = catalog.change(async (change) => {
    order.push('failing');
    await createUser(change, user('never'), 'test');
    throw new Error('no');
  });
  const last = catalog.change(async (change) => {
    order.push('last');
    return (await createUser(change, user('last'), 'test')).id;
  });
  await assert.rejects(failing, /^Error: no$/);
  await slow;
  assert.ok((await last) > 0);
  assert.deepEqual(order, ['slow begins', 'slow ends', 'failing', 'last']);
  const { items } = await listUsers(catalog.db, { deleted: false, limit: 10 });
  assert.deepEqual(items.map(({ name }) => name), ['last', 'slow']); // prettier-ignore
  await assert.rejects(
    catalog.change(() => catalog.change(async () => 1)),
    /inside a change/,
  );
  await assert.rejects(catalog.db.insertInto('user').values({ name: 'x', created_at: 0, deleted_at: null }).execute());
});

test('events are durable, numbered without a gap in the order of commits, and listeners receive them after the commit', async () => {
  const catalog = await temporaryCatalog();
  const heard: Event[] = [];
  const stop = catalog.onEvents((events) => heard.push(...events));
  await Promise.all(
    Array.from({ length: 250 }, (_, i) =>
      catalog
        .change(async (change) => {
          await createUser(change, user(`user ${i}`), 'test');
          if (i % 10 === 3) throw new Error('no');
        })
        .catch(() => undefined),
    ),
  );
  assert.deepEqual(heard.map(({ number }) => number), Array.from({ length: 225 }, (_, i) => i + 1)); // prettier-ignore
  assert.deepEqual(await readEvents(catalog.db, ['catalog'], 0, 1000), heard);
  assert.deepEqual(await readEvents(catalog.db, ['catalog', 'jobs', 'job/3'], 100, 7), heard.slice(100, 107));
  assert.deepEqual(await readEvents(catalog.db, ['jobs', 'job/3'], 0, 10), []);
  stop();
  assert.equal(await catalog.change(({ db }) => pruneEvents(db, 25)), 200);
  assert.equal(await firstEvent(catalog.db), 201);
  await catalog.change(({ db }) => pruneEvents(db, 0));
  assert.deepEqual([await firstEvent(catalog.db), await lastEvent(catalog.db)], [226, 225]);
  await catalog.change((change) => createUser(change, user('later'), 'test'));
  assert.equal(await lastEvent(catalog.db), 226);
  assert.equal(heard.length, 225);
});

test('a newer schema is refused and its file left as it is', async () => {
  const catalog = await temporaryCatalog();
  await add(catalog, 'one');
  await catalog.close();
  const database = new Database(catalog.file);
  database.pragma(`user_version = ${MIGRATIONS.length + 1}`);
  database.close();
  const before = readFileSync(catalog.file);
  await assert.rejects(openCatalog(catalog.file), /newer version; update vera/);
  assert.ok(before.equals(readFileSync(catalog.file)));
  assert.ok(!existsSync(join(dirname(catalog.file), 'damaged')));
});

test("another program's database, and a catalog of another branch, are refused", async () => {
  const other = join(temporaryFolder(), 'other.db');
  const database = new Database(other);
  database.exec('CREATE TABLE theirs (x)');
  database.close();
  const bytes = readFileSync(other);
  await assert.rejects(openCatalog(other), { code: 'catalog', message: /another program/ });
  assert.ok(bytes.equals(readFileSync(other)));
  const catalog = await temporaryCatalog();
  await catalog.close();
  const renamed = [{ ...MIGRATIONS[0]!, name: '0001-another' }, ...MIGRATIONS.slice(1)];
  await assert.rejects(openCatalog(catalog.file, { migrations: renamed }), {
    code: 'catalog',
    message: /another version/,
  });
});

test('a migration comes after a whole backup, with its record, and a failing one changes nothing', async () => {
  const catalog = await temporaryCatalog();
  await add(catalog, 'one');
  await catalog.close();
  const second = { name: '0002-colour', sql: `ALTER TABLE adapter ADD COLUMN colour TEXT;` };
  const broken = { name: '0002-colour', sql: `${second.sql} CREATE TABLE user (x);` };
  await assert.rejects(openCatalog(catalog.file, { migrations: [...MIGRATIONS, broken] }), /already exists/);
  const reopened = await openCatalog(catalog.file, { migrations: [...MIGRATIONS, second] });
  assert.equal(reopened.schema, MIGRATIONS.length + 1);
  await reopened.close();
  const kept = readdirSync(join(dirname(catalog.file), 'backups')).filter((name) => name.startsWith('schema-'));
  assert.ok(kept.length >= 1);
  const copy = join(temporaryFolder(), 'copy.db');
  copyFileSync(join(dirname(catalog.file), 'backups', kept[0]!), copy);
  const old = await openCatalog(copy); // the backup is a catalog of the old schema
  assert.equal((await old.db.selectFrom('adapter').select('name').executeTakeFirstOrThrow()).name, 'one');
  await old.close();
  await assert.rejects(openCatalog(catalog.file), /newer version/);
});

test('a folder that cannot be made, and a file that is not a catalog, are reported plainly', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'file'), '');
  await assert.rejects(openCatalog(join(folder, 'file', 'catalog.db')), { code: 'io' });
  mkdirSync(join(folder, 'catalog.db'));
  await assert.rejects(openCatalog(join(folder, 'catalog.db')), { code: 'io' });
});
