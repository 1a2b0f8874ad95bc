import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { takeLock } from './lock.ts';

const root = mkdtempSync(join(tmpdir(), 'lock-'));
after(() => rmSync(root, { recursive: true }));

test('a lock is given back, and with it a folder that nothing came into', async () => {
  const folder = join(root, 'fresh');
  const release = await takeLock(join(folder, '.lock'));
  assert.ok(existsSync(join(folder, '.lock')));
  release();
  assert.ok(!existsSync(folder));
});

test('the lock of a live process holds, and is free once that has ended', async () => {
  const file = join(root, 'held', '.lock');
  mkdirSync(join(root, 'held'));
  const holder = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
  await once(holder, 'spawn');
  writeFileSync(file, `${holder.pid} ${startOf(holder.pid!)}`);
  await assert.rejects(takeLock(file, 300), /another process \(\d+\) is training in/);
  setTimeout(() => holder.kill('SIGKILL'), 200);
  const release = await takeLock(file, 30_000);
  release();
});

test('a lock whose number now belongs to another process is no lock', async () => {
  for (const text of [`${process.ppid} 1`, `${process.pid} ${startOf(process.pid)}`, 'nonsense']) {
    const folder = mkdtempSync(join(root, 'stale-'));
    writeFileSync(join(folder, '.lock'), text);
    (await takeLock(join(folder, '.lock'), 1000))();
    assert.ok(!existsSync(folder));
  }
});

/** When a process began, as Linux says it; elsewhere nothing is said. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!;
  } catch {
    return '';
  }
}
