// Slow: kills processes while they write.
/** Damage to a catalog: bytes of its files, its process, its disk. Nothing acknowledged is lost, and no half change is seen. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { after, test } from 'node:test';
import Database from 'better-sqlite3';
import { adapterContent, addAdapter, listAdapters } from '../../daemon/catalog/adapters.ts';
import { backupsOf } from '../../daemon/catalog/backup.ts';
import { problemsOf } from '../../daemon/catalog/check.ts';
import { MIGRATIONS } from '../../daemon/catalog/migrations/registry.ts';
import { openCatalog } from '../../daemon/catalog/open.ts';
import type { Catalog } from '../../daemon/catalog/open.ts';
import { createUser } from '../../daemon/catalog/owners.ts';
import { inspectLog } from '../../daemon/catalog/wal.ts';
import { VeraError } from '../../daemon/protocol/errors.ts';
import { countedRounds } from '../counted.ts';
import { add, someContent, temporaryCatalog } from '../catalog.ts';
import { temporaryFolder } from '../temporary.ts';
import { SLOW_STEP } from './catalogSteps.ts';

const ROUNDS = Number(process.env['VERA_FAULT_ROUNDS'] ?? 8);

/** Numbers from 0 to 1 that are the same in each run (mulberry32). */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Starts a writer and kills it some milliseconds after its first output. Returns the whole lines that it printed, and how
 * long it ran.
 */
async function kill(file: string, task: string, ms: number): Promise<{ lines: string[]; took: number }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'catalogWriter.ts'), file, task], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  let began = NaN;
  let timer: NodeJS.Timeout | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (out === '') {
      began = performance.now();
      timer = setTimeout(() => child.kill('SIGKILL'), ms);
    }
    out += text;
  });
  await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  const lines = out.slice(0, out.lastIndexOf('\n') + 1).split('\n');
  return { lines: lines.filter((line) => line !== ''), took: performance.now() - began };
}

async function everything(catalog: Catalog): Promise<Map<number, { name: string; hash: string }>> {
  const found = new Map<number, { name: string; hash: string }>();
  for (let after: string | undefined; ;) {
    const page = await listAdapters(catalog.db, {
      limit: 500,
      deleted: false,
      ...(after === undefined ? {} : { after }),
    });
    for (const { id, name, hash } of page.items) found.set(id, { name, hash });
    if (page.next === undefined) return found;
    after = page.next;
  }
}

test(`killed while it writes, ${ROUNDS} times: what was acknowledged is there, whole`, async () => {
  const file = join(temporaryFolder(), 'catalog', 'catalog.db');
  const next = random(1);
  const acknowledged = new Map<number, string>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const line of (await kill(file, 'write', 100 + next() * 700)).lines) {
      const [id, hash] = line.split(' ');
      if (hash !== undefined) acknowledged.set(Number(id), hash);
    }
    assert.equal(inspectLog(file)?.damagedAt, undefined);
    const catalog = await openCatalog(file);
    assert.deepEqual(catalog.notes, []);
    const rows = await everything(catalog);
    for (const [id, hash] of acknowledged) assert.equal(rows.get(id)?.hash, hash);
    for (const id of [...rows.keys()].slice(0, 40)) await adapterContent(catalog.db, id); // none is half there
    await catalog.close();
    assert.deepEqual(problemsOf(file, { full: true }), []);
  }
  assert.ok(acknowledged.size > 0, `${acknowledged.size} acknowledged`);
  countedRounds("Killing the catalog's process while it writes", ROUNDS);
});

test(`killed in the middle of a migration, ${ROUNDS} times: the old schema or the new one, nothing between`, async () => {
  const folder = join(temporaryFolder(), 'catalog');
  const file = join(folder, 'catalog.db');
  const catalog = await openCatalog(file);
  for (let i = 0; i < 20; i++) await add(catalog, `a ${i}`);
  await catalog.close();
  const whole = readFileSync(file);
  const next = random(2);
  const seen = { old: 0, new: 0 };
  const { took } = await kill(file, 'migrate', 60_000); // left alone
  for (let round = 0; round < ROUNDS; round++) {
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    writeFileSync(file, whole);
    await kill(file, 'migrate', next() * took);
    const database = new Database(file, { readonly: false });
    const schema = database.pragma('user_version', { simple: true }) as number;
    const columns = (database.pragma('table_info(adapter)') as { name: string }[]).map(({ name }) => name);
    const names = database.prepare('SELECT name FROM migration').pluck().all() as string[];
    const isNew = schema === MIGRATIONS.length + 1;
    seen[isNew ? 'new' : 'old']++;
    assert.equal(columns.includes('half'), isNew);
    assert.equal(names.includes(SLOW_STEP.name), isNew);
    if (isNew) assert.equal(database.prepare(`SELECT count(*) FROM adapter WHERE half = 'both'`).pluck().get(), 20);
    database.close();
    assert.deepEqual(problemsOf(file, { full: true }), []);
    for (const backup of backupsOf(file)) assert.deepEqual(problemsOf(backup, { full: true }), []); // whole or absent
    const again = await openCatalog(file, { migrations: [...MIGRATIONS, SLOW_STEP] });
    assert.equal((await everything(again)).size, 20);
    await again.close();
  }
  assert.ok(seen.old > 0, JSON.stringify(seen));
  countedRounds('Killing it in the middle of a migration', ROUNDS);
});

/** A catalog of some hundred adapters, closed, with a backup that lacks the last of them. */
async function filled(): Promise<{
  file: string;
  rows: Map<number, { name: string; hash: string }>;
  backedUp: number;
}> {
  const catalog = await temporaryCatalog();
  const { file } = catalog;
  const fill = async (one: Catalog, from: number, to: number): Promise<void> =>
    one.change(async (change) => {
      const user = from === 0 ? (await createUser(change, { name: 'ann' }, 'test')).id : 1;
      for (let i = from; i < to; i++)
        await addAdapter(change, someContent(i), {
          name: `adapter ${i}`,
          userId: user,
          projectId: null,
          note: 'some words',
          actor: 'test',
        });
    });
  await fill(catalog, 0, 200);
  await catalog.close();
  const again = await openCatalog(file);
  await fill(again, 200, 300);
  const rows = await everything(again);
  const backups = backupsOf(file).map((path) => ({ path, bytes: readFileSync(path) }));
  await again.close();
  for (const { path, bytes } of backups) writeFileSync(path, bytes); // of the hundred that came last there is none
  return { file, rows, backedUp: 200 };
}

test(`bytes of the file flipped or cut, ${3 * ROUNDS} times: noticed, set aside, and the catalog continues with what is whole`, async () => {
  const { file, rows, backedUp } = await filled();
  const whole = readFileSync(file);
  const backup = backupsOf(file)[0]!;
  const older = readFileSync(backup);
  const next = random(3);
  const counts = { whole: 0, mended: 0, lost: 0 };
  for (let round = 0; round < 3 * ROUNDS; round++) {
    const bytes = Buffer.from(whole);
    const cut = round % 6 === 5;
    if (cut) writeFileSync(file, bytes.subarray(0, Math.floor(next() * bytes.length)));
    else {
      const at = Math.floor(next() * bytes.length);
      const many = round % 3 === 0 ? 1 : Math.floor(1 + next() * 8192);
      for (let i = at; i < Math.min(bytes.length, at + many); i++) bytes[i]! ^= 1 + Math.floor(next() * 255);
      writeFileSync(file, bytes);
    }
    const hurt = readFileSync(file);
    let catalog: Catalog;
    try {
      catalog = await openCatalog(file);
    } catch (error) {
      // The damage hit the number of the schema or of the program: the file is refused and left as it is.
      assert.ok(
        error instanceof VeraError && /newer version|another program|another version/.test(error.message),
        String(error),
      );
      assert.ok(hurt.equals(readFileSync(file)));
      continue;
    }
    const found = await everything(catalog);
    const damaged: number[] = [];
    for (const id of found.keys()) await adapterContent(catalog.db, id).catch(() => damaged.push(id));
    assert.ok(damaged.length <= 2 || !cut, `${damaged.length} vectors`);
    for (const [id, { hash }] of rows) if (id <= backedUp && !damaged.includes(id) && catalog.notes.length > 0) assert.ok(found.has(id), `round ${round}: adapter ${id} (${hash}) is in the backup`); // prettier-ignore
    counts.lost += [...rows.keys()].filter((id) => !found.has(id)).length;
    if (catalog.notes.length > 0) {
      counts.mended++;
      assert.match(catalog.notes.join(), /was damaged .*the damaged file is in/);
      const aside = join(dirname(file), 'damaged');
      assert.ok(readdirSync(aside).some((one) => readFileSync(join(aside, one, basename(file))).equals(hurt)));
    } else counts.whole++;
    await add(catalog, `after ${round}`); // the catalog can still be changed
    await catalog.close();
    assert.deepEqual(problemsOf(file, { full: true }), []);
    for (const path of backupsOf(file)) rmSync(path);
    writeFileSync(backup, older);
    rmSync(join(dirname(file), 'damaged'), { recursive: true, force: true });
  }
  console.log('# file:', JSON.stringify(counts));
  assert.ok(counts.mended > ROUNDS, JSON.stringify(counts));
  countedRounds("Bytes of the catalog's file flipped or cut", 3 * ROUNDS);
});

test(`bytes of the log flipped or cut, ${3 * ROUNDS} times: earlier commits are there, and a loss is said`, async () => {
  const catalog = await temporaryCatalog();
  const { file } = catalog;
  for (let i = 0; i < 15; i++) await add(catalog, `a ${i}`, {}, someContent(i));
  const parts = ['', '-wal'].map((end) => readFileSync(file + end)); // as a killed process leaves them
  await catalog.close();
  const folder = temporaryFolder();
  const next = random(4);
  let said = 0;
  for (let round = 0; round < 3 * ROUNDS; round++) {
    const copy = join(folder, `${round}`, 'catalog.db');
    mkdirSync(dirname(copy));
    writeFileSync(copy, parts[0]!);
    const log = Buffer.from(parts[1]!);
    const at = Math.floor(next() * log.length);
    const cut = round % 4 === 3;
    if (!cut) log[at]! ^= 1 + Math.floor(next() * 255);
    writeFileSync(`${copy}-wal`, cut ? log.subarray(0, at) : log);
    const opened = await openCatalog(copy);
    const found = await everything(opened);
    for (let id = 1; id <= found.size; id++) assert.equal(found.get(id)?.name, `a ${id - 1}`); // a beginning without gaps
    for (const id of found.keys()) await adapterContent(opened.db, id);
    if (found.size < 15 && !cut) {
      said++;
      assert.match(opened.notes.join(), /log of the catalog was damaged at byte \d+/);
      const aside = join(dirname(copy), 'damaged');
      assert.ok(readFileSync(join(aside, readdirSync(aside)[0]!, 'catalog.db-wal')).equals(log));
    }
    await add(opened, 'after');
    await opened.close();
    assert.deepEqual(problemsOf(copy, { full: true }), []);
  }
  assert.ok(said > ROUNDS, `${said}`);
  countedRounds('Bytes of its log flipped or cut', 3 * ROUNDS);
});

test('damage met while the catalog is in use is named, and mended at the next opening', async () => {
  const { file, rows } = await filled();
  const catalog = await openCatalog(file);
  // Another process overwrites pages while the catalog is open.
  const size = statSync(file).size;
  const bytes = readFileSync(file).fill(0xaa, 16384, size - 8192);
  writeFileSync(file, bytes);
  await assert.rejects(everything(catalog), { code: 'catalog', message: /is damaged .*restart the daemon/ });
  assert.ok(existsSync(`${file}.suspect`));
  await catalog.close().catch(() => undefined);
  const again = await openCatalog(file);
  assert.match(again.notes.join(), /was damaged/);
  assert.ok((await everything(again)).size >= 200);
  assert.ok(rows.size === 300);
  await again.close();
  assert.ok(!existsSync(`${file}.suspect`));
});

const isRoot = process.getuid?.() === 0;

/** Mounts a small disk; undefined if this process may not do so. */
function smallDisk(size: string): string | undefined {
  if (!isRoot || process.platform !== 'linux') return undefined;
  const mounted: string[] = [];
  // Registered before the removal of the folder, and so run before it.
  after(() => mounted.forEach((place) => execFileSync('umount', ['-l', place])));
  const place = temporaryFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', place], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  mounted.push(place);
  return place;
}

test('a full disk: the change fails with that reason, the rest stays, and the catalog continues when there is room', async (t) => {
  const place = smallDisk('6m');
  if (place === undefined) return t.skip('needs the right to mount a small disk');
  const file = join(place, 'catalog', 'catalog.db');
  const catalog = await openCatalog(file);
  const kept: number[] = [];
  const failure = await (async () => {
    for (let i = 0; i < 3000; i++) kept.push((await add(catalog, `a ${i}`, { note: 'n'.repeat(9000) })).id);
  })().catch((error: unknown) => error);
  assert.ok(failure instanceof VeraError, String(failure));
  assert.match(failure.message, /disk/);
  assert.equal(failure.code, 'io');
  assert.deepEqual(
    [...(await everything(catalog)).keys()].sort((one, two) => one - two),
    kept,
  );
  execFileSync('mount', ['-o', 'remount,size=40m', place]);
  kept.push((await add(catalog, 'there is room')).id);
  await catalog.close();
  const again = await openCatalog(file);
  assert.equal((await everything(again)).size, kept.length);
  assert.deepEqual(again.notes, []);
  await again.close();
  assert.deepEqual(problemsOf(file, { full: true }), []);
});

test('a disk that became read-only: said, nothing is harmed', async (t) => {
  const place = smallDisk('20m');
  if (place === undefined) return t.skip('needs the right to mount a small disk');
  const file = join(place, 'catalog', 'catalog.db');
  const catalog = await openCatalog(file);
  await add(catalog, 'one');
  await catalog.close();
  execFileSync('mount', ['-o', 'remount,ro', place]);
  await assert.rejects(openCatalog(file), { code: 'io' });
  await assert.rejects(openCatalog(join(place, 'other', 'catalog.db')), { code: 'io' });
  execFileSync('mount', ['-o', 'remount,rw', place]);
  const again = await openCatalog(file);
  assert.equal((await everything(again)).size, 1);
  await again.close();
});

test('a file cut to nothing, or gone, is told from a new catalog when there is a backup', async () => {
  const { file } = await filled();
  truncateSync(file, 0);
  const mended = await openCatalog(file);
  assert.equal((await everything(mended)).size, 200);
  assert.match(mended.notes.join(), /taken from the backup/);
  await mended.close();
  rmSync(file);
  const empty = await openCatalog(file);
  assert.match(empty.notes.join(), /there is a backup of an earlier one/);
  await empty.close();
});
