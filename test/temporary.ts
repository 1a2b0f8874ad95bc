import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** A temporary folder for one test file. It is removed when the tests of the file are done. */
export function temporaryFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'vera-test-'));
  after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
