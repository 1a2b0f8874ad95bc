import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { takeLock } from '../../daemon/process/lock.ts';
import { packageExtension, type Target } from '../../package.ts';
import { root, sources } from '../sources.ts';

/**
 * Installs VS Code if it is missing, and packages the extension if its package is missing or older than a source file.
 * Tests that run at the same time wait for the first. Returns the path of the VSIX. VERA_VSIX names an existing one, which
 * is useful while you work on these tests.
 */
export async function prepare(): Promise<string> {
  const folder = join(root, 'dist-vsix');
  mkdirSync(folder, { recursive: true });
  const lockFile = join(folder, 'test.lock');
  let lock = takeLock(lockFile);
  for (; lock === undefined; lock = takeLock(lockFile)) await setTimeout(200);
  try {
    execFileSync('sh', [join(import.meta.dirname, 'setup.sh')], { stdio: 'inherit' });
    const given = process.env['VERA_VSIX'];
    return given === undefined ? await packaged(join(folder, 'test.vsix')) : resolve(given);
  } finally {
    lock.release();
  }
}

async function packaged(vsix: string): Promise<string> {
  const made = statSync(vsix, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const shipped = sources(['']).filter((file) => !/^(test|docs)\//.test(file));
  if (shipped.some((file) => statSync(join(root, file)).mtimeMs > made)) {
    const { file } = await packageExtension(`${process.platform}-${process.arch}` as Target, `${vsix}.new`);
    renameSync(file, vsix);
  }
  return vsix;
}
