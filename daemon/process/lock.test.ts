import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary.ts';
import { isLocked, takeLock } from './lock.ts';

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

test('of processes that race, one has the lock; when it is killed, the next has it at once', async () => {
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

test('only the user may read it, and it ends with release', () => {
  const file = join(dir, 'own.lock');
  assert.equal(isLocked(file), false);
  const lock = takeLock(file);
  assert.ok(lock);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(takeLock(file), undefined);
  lock.release();
  takeLock(file)!.release();
});

test('a file of other content is emptied, and still gives one lock', () => {
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

test('where no lock can be made, the error says what to do', () => {
  const file = join(dir, 'a-file');
  writeFileSync(file, '');
  assert.throws(() => takeLock(join(file, 'x.lock')), { code: 'io', message: /cannot be taken: .*VERA_HOME/ });
});
