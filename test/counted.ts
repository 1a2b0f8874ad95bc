import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './sources.ts';

/** Checks that a row of docs/security.md shows the count of attacks that a test makes. */
export function counted(row: string, count: number): void {
  const shown = count.toLocaleString('en');
  console.log(`${row}: ${shown} tried`);
  const line = readFileSync(join(root, 'docs/security.md'), 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`| ${row} |`));
  assert.ok(line !== undefined, `docs/security.md has no row "${row}"`);
  assert.equal(line.split('|')[2]?.trim(), shown, `docs/security.md, row "${row}": ${shown} were tried`);
}

/** counted() for random rounds; does nothing if VERA_FAULT_ROUNDS asks for another number of rounds. */
export function countedRounds(row: string, count: number): void {
  if (!process.env['VERA_FAULT_ROUNDS']) counted(row, count);
}
