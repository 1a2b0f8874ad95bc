import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** A folder of this test file alone, gone when its tests are done. */
export function temporaryFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'vera-test-'));
  after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
