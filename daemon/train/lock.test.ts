import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary.ts';
import { lockFolder } from './lock.ts';

const root = temporaryFolder();

test('unlocking removes the lock, and a folder that is empty then', async () => {
  const folder = join(root, 'fresh');
  const unlock = await lockFolder(join(folder, '.lock'));
  assert.ok(existsSync(join(folder, '.lock')));
  unlock();
  assert.ok(!existsSync(folder));
});

test('a folder in which another process works is refused, and free when that has ended', async () => {
  const file = join(root, 'held', '.lock');
  const script = `import { lockFolder } from ${JSON.stringify(new URL('./lock.ts', import.meta.url).href)};
    const unlock = await lockFolder(${JSON.stringify(file)});
    console.log('locked');
    setInterval(() => unlock.name, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  await assert.rejects(lockFolder(file, 200), { code: 'io', message: /another process works in .*held/ });
  setTimeout(() => holder.kill('SIGKILL'), 200);
  (await lockFolder(file, 30_000))();
});
