import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary.ts';
import { isLocked, takeLock, waitForLock } from './lock.ts';

const dir = temporaryFolder();
const LOCK = join(import.meta.dirname, 'lock.ts');

/** A process that tries to take the lock, says whether it has it, and lives until it is killed. */
async function lockingProcess(file: string): Promise<{ has: boolean; kill(): Promise<void> }> {
  const script = `import { takeLock } from ${JSON.stringify(LOCK)};
    const lock = takeLock(${JSON.stringify(file)});
    process.stdout.write(lock ? 'yes' : 'no');
    setInterval(() => lock?.stands(), 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    has: said.toString() === 'yes',
    kill: async () => {
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}

test('of several processes one gets the lock, and when that is killed the next gets it at once', async () => {
  const file = join(dir, 'race.lock');
  const racers = await Promise.all([1, 2, 3, 4].map(() => lockingProcess(file)));
  assert.equal(racers.filter(({ has }) => has).length, 1);
  assert.equal(isLocked(file), true);
  for (const racer of racers) await racer.kill();
  assert.equal(isLocked(file), false);
  const next = await lockingProcess(file);
  assert.equal(next.has, true);
  await next.kill();
});

/**
 * A process that takes the lock as often as it can for a while and removes it each time. Where it has the lock it makes a folder,
 * which fails where another process has made it: then both have the lock. Says how often it had it.
 */
async function competitor(file: string, ms: number): Promise<number> {
  const script = `import { mkdirSync, rmdirSync } from 'node:fs';
    import { takeLock } from ${JSON.stringify(LOCK)};
    let count = 0;
    for (const until = Date.now() + ${ms}; Date.now() < until;) {
      const lock = takeLock(${JSON.stringify(file)});
      if (lock === undefined) continue;
      mkdirSync(${JSON.stringify(`${file}.inside`)});
      if (!lock.stands()) throw new Error('the lock that was taken does not stand');
      count++;
      rmdirSync(${JSON.stringify(`${file}.inside`)});
      lock[Math.random() < 0.8 ? 'remove' : 'release']();
    }
    process.stdout.write(String(count));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 0);
  return Number(said);
}

test('many processes take and remove the same lock, and never two have it', async () => {
  const file = join(dir, 'contended', '.lock');
  const counts = await Promise.all(Array.from({ length: 8 }, () => competitor(file, 2500)));
  assert.ok(counts.filter((count) => count > 0).length >= 2, `not contended: ${counts.join(', ')}`);
  assert.ok(counts.reduce((sum, count) => sum + count, 0) > 50, counts.join(', '));
});

test('many processes find the same stale lock at once, and one gets it', async () => {
  for (const stale of ['', '999999 12345', `${process.pid} 1`]) {
    const file = join(dir, `stale-${stale.length}.lock`);
    const killed = await lockingProcess(file);
    assert.equal(killed.has, true);
    await killed.kill();
    writeFileSync(file, stale); // as the locks of earlier versions, which held the number of their process
    const racers = await Promise.all(Array.from({ length: 8 }, () => lockingProcess(file)));
    assert.equal(racers.filter(({ has }) => has).length, 1, stale);
    await Promise.all(racers.map((racer) => racer.kill()));
  }
});

test('a waiting process gets the lock when its holder has ended; removing it removes its empty folder', async () => {
  const file = join(dir, 'waited', '.lock');
  const holder = await lockingProcess(file);
  assert.equal(await waitForLock(file, 200), undefined);
  const waiting = waitForLock(file, 30_000);
  await holder.kill();
  const lock = (await waiting)!;
  writeFileSync(join(dir, 'waited', 'x'), '');
  lock.remove();
  assert.deepEqual([existsSync(file), readFileSync(join(dir, 'waited', 'x'), 'utf8')], [false, '']);
  rmSync(join(dir, 'waited', 'x'));
  takeLock(file)!.remove();
  assert.ok(!existsSync(join(dir, 'waited')));
});

test('only the user may read the lock, and release frees it', () => {
  const file = join(dir, 'own.lock');
  assert.equal(isLocked(file), false);
  const lock = takeLock(file);
  assert.ok(lock);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(takeLock(file), undefined);
  lock.release();
  takeLock(file)!.release();
});

test('a file with other content is emptied, and still gives one lock', () => {
  for (const [i, content] of ['garbage', 'x'.repeat(5000), 'SQLite format 3\0' + 'y'.repeat(100)].entries()) {
    const file = join(dir, `damaged-${i}.lock`);
    writeFileSync(file, content);
    const lock = takeLock(file);
    assert.ok(lock, content.slice(0, 20));
    assert.equal(takeLock(file), undefined);
    lock.release();
  }
});

test('a lock whose file was deleted or exchanged does not stand', () => {
  const file = join(dir, 'gone.lock');
  const lock = takeLock(file)!;
  assert.equal(lock.stands(), true);
  rmSync(file);
  assert.equal(lock.stands(), false);
  const other = takeLock(file)!;
  assert.equal(lock.stands(), false);
  assert.equal(other.stands(), true);
  lock.release();
  other.release();
});

test('the error says what to do if no lock can be made', () => {
  const file = join(dir, 'a-file');
  writeFileSync(file, '');
  assert.throws(() => takeLock(join(file, 'x.lock')), {
    code: 'io',
    message: /cannot be taken: .*file already exists.*local disk/,
  });
});
